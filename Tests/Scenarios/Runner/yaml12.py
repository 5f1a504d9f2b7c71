"""YAML as version 1.2 reads it: `off`, `on`, `yes` and `no` are words, and 12:30 is no number."""

import re

import yaml


class Loader(yaml.SafeLoader):
    """PyYAML knows version 1.1; what it takes for a boolean or a number there is set right here."""


class Dumper(yaml.SafeDumper):
    """Writes aliases out."""

    def ignore_aliases(self, data):
        return True


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))


def load(text):
    return yaml.load(text, Loader)  # A SafeLoader.


def dump(tree):
    return yaml.dump(tree, Dumper=Dumper, sort_keys=False, width=100)

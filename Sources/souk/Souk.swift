import ArgumentParser

/// The command.
@main
struct Souk: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "souk",
        abstract: "Runs a shop, or anything else made of actors, from one topology file.",
        discussion: """
            Exit codes: 0 done, 1 something is wrong with the topology, a plugin, a port or a file (said on \
            standard error), 64 wrong use of the command, 128 + n ended by a second signal n.

            Environment: SOUK_PLUGINS, folders with plugins, joined by colons, looked through after the \
            command's own folder; and whatever the topology names as ${NAME}.
            """,
        subcommands: [
            RunCommand.self, CheckCommand.self, PluginsCommand.self, ModuleCommand.self, SchemaCommand.self,
            VersionCommand.self,
        ])

    static let version = "0.1.0"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the version, and the digest that plugins must match.")

    func run() {
        print("souk \(Souk.version) (contract \(PluginFolders.digest))")
    }
}

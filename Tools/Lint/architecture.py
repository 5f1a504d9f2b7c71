"""What the architecture allows: the tables that the rules of the lint are checked against."""

SYSTEM = {"Glibc", "Synchronization"}

# What each target may import beside the system's own modules: one direction of dependency.
IMPORTS = {
    "Sources/ModuleKit": {"CModuleKit"},
    "Sources/EventLoop": {"ModuleKit", "CModuleKit", "CLibUV"},
    "Sources/HTTPServer": {"ModuleKit", "CModuleKit"},
    "Sources/Topology": {"ModuleKit", "CLibYAML"},
    "Sources/Control": {"ModuleKit", "HTTPServer"},
    "Sources/Link": {"ModuleKit", "CModuleKit", "COpenSSL"},
    "Sources/Runtime": {"ModuleKit", "CModuleKit", "EventLoop", "Topology", "Control", "Link"},
    "Sources/RuntimeTesting": {"ModuleKit", "CModuleKit", "Runtime", "Topology", "CSQLite", "CSimulatedDisk"},
    "Sources/souk": {"ModuleKit", "Runtime", "Topology", "Control", "EventLoop", "ArgumentParser"},
}

# A plugin sees the contract library, and at most these.
PLUGIN_IMPORTS = {"ModuleKit", "CModuleKit"}
PLUGIN_LIBRARIES = {
    "DBShard": {"CSQLite"},
    "HTTPGate": {"HTTPServer"},
    "Storefront": {"COpenSSL"},
}

# Foundation is slow to start and has clocks, randomness and threads of its own.
FOUNDATION = {"Foundation", "FoundationEssentials", "Dispatch", "FoundationNetworking"}
FOUNDATION_ALLOWED = {}

FUNCTION_LINES = 70
FILE_LINES = 400
FILE_LINES_ADVISED = 300

RANDOMNESS_ALLOWED = {
    "Sources/Runtime/SystemEnvironment.swift": "the environment that seeds everything else",
    "Tests/": "a seed that is chosen by chance is printed with the test's arguments",
    "Tools/": "not the product",
}

# Words of code that are forbidden, with the reason, and the few files that may use them, with theirs.
# A pattern is matched against code without comments and texts.
FORBIDDEN = [
    (
        r"\bDate\s*\(|\bDate\.now|\bclock_gettime\b|\bgettimeofday\b|\btime\s*\(\s*nil|"
        r"\b(Continuous|Suspending)Clock\b|\bDispatchTime\b|\buv_hrtime\b|\bsystemUptime\b|"
        r"\bsouk_(monotonic|wall)_nanoseconds\b",
        "system time: take it from the context or the loop",
        {
            "Sources/EventLoop/": "the driver that gives loops their clock",
            "Sources/souk/": "the process itself, before it has a loop",
            "Sources/Runtime/": "time stamps of log lines that are written off the loops",
            "Tests/": "measuring real time is what some tests are for",
            "Tools/": "benchmarks measure real time",
        },
    ),
    (
        r"\bSystemRandomNumberGenerator\b|\barc4random\w*|\b(s?rand|l?rand48|s?random)\s*\(|"
        r"\bgetrandom\b|\bgetentropy\b|\bUUID\s*\(\s*\)",
        "system randomness: take it from the context",
        RANDOMNESS_ALLOWED,
    ),
    (
        r"\bTask\s*\.\s*sleep\b|\b(u|nano)?sleep\s*\(",
        "sleeping: set a timer with the context",
        {
            "Tests/Scenarios/": "they drive another process",
            "Tests/EventLoopTests/": "loops on real threads are waited for",
            "Tests/HTTPServerTests/SocketTests.swift": "a server on a real thread is waited for",
            "Tests/RuntimeTests/SystemNodeTests.swift": "a node on real threads is waited for",
            "Tools/": "they drive other processes",
        },
    ),
    (
        r"\bTask\s*\.\s*(detached|immediateDetached)\b|\bTask\s*\{|\bDispatchQueue\b|\bDispatchSemaphore\b|"
        r"\bThread\s*[.(]|\bpthread_create\b|\bOperationQueue\b",
        "threads and tasks of one's own: spawn them with the context",
        {
            "Sources/EventLoop/": "the threads of loops and workers are made here",
            "Sources/RuntimeTesting/": "the test kit",
            "Tests/EventLoopTests/": "loops are tried from other threads",
            "Tests/HTTPServerTests/SocketTests.swift": "a client on a thread of its own",
            "Tests/ModuleKitTests/": "mailboxes are tried from other threads",
            "Tests/RuntimeTests/": "real loops are tried from other threads",
            "Tools/": "not the product",
        },
    ),
    (
        r"\bfatalError\s*\(",
        "fatalError ends every actor of the process: return an error",
        {"Tests/": "not the product"},
    ),
    (
        r"\btry\s*!|\bas\s*!",
        "forced: handle the error",
        {"Tests/": "not the product", "Tools/": "not the product"},
    ),
]

# Calls that take a generator and are seeded only if they are given one.
GENERATORS = r"\.(random(?=\s*\(\s*(?:\)|in:))|randomElement|shuffled|shuffle)\s*\("

# Where an unwrapping `!` may stand, with the reason.
UNWRAPS_ALLOWED = {
    "Sources/EventLoop/LoopThread.swift": "a loop and its thread are made in two steps and hold each other",
    "Tests/": "a test may trap",
    "Tools/": "not the product",
}

# Files that read what others wrote: numbers there are converted with a label or checked, with a
# comment `// in range: why`.
DECODERS = r"(Decod|Parser|Frame|Wire|Protobuf|Codec)\w*\.swift$"

# Public members whose meaning the protocol or operator gives.
DOCUMENTED_ELSEWHERE = {
    "==", "<", ">", "<=", ">=", "+", "-", "+=", "-=", "~=",
    "hash", "description", "debugDescription", "encode", "next", "makeIterator", "makeAsyncIterator",
    "unownedExecutor", "enqueue", "asUnownedSerialExecutor", "asUnownedTaskExecutor",
    "isSameExclusiveExecutionContext", "checkIsolated", "isIsolatingCurrentContext",
    "startIndex", "endIndex", "subscript(position)",
}  # fmt: skip

# Members that a protocol or a superclass explains, by how they are written.
WITNESSES = (
    r"\boverride\b|\bstatic let identity = ContractIdentity|\btypealias (Request|Response)\b|"
    r"\bstatic func (route|isIdempotent)\("
)

PLUGIN_FILES = ["Plugin.swift", "README.md"]
# What the README of every plugin speaks of.
PLUGIN_README = ["settings", "links", "limits", "operations", "metrics"]

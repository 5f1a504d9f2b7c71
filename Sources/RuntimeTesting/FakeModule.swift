import ModuleKit
import Runtime
import Topology

extension ActorPlan {
    /// An actor of a module under test.
    /// - Parameter settings: overrides of the declared defaults.
    public init(
        _ name: String, of declaration: ModuleDeclaration, settings: [(String, SettingValue)] = [],
        links: KeyValuePairs<String, [String]> = [:], loop: Int? = nil,
        mailbox: MailboxOptions = MailboxOptions(), supervision: Supervision = Supervision(),
        group: String? = nil, index: Int = 0, replicas: Int = 1
    ) {
        let entries = declaration.settings.compactMap { setting -> SettingEntry? in
            let value = settings.first { $0.0 == setting.name }?.1 ?? setting.defaultValue
            return value.map { SettingEntry(setting.name, $0) }
        }
        self.init(
            ActorIdentity(
                name: name, group: group ?? name, index: index, replicas: replicas, module: declaration.name),
            of: declaration, settings: Settings(entries), loop: loop, mailbox: mailbox,
            supervision: supervision,
            links: links.map { (name: $0.key, targets: $0.value) })
    }

    /// An actor that serves one contract with a closure: the other end for a module under test.
    public static func fake<C: Contract>(
        _ name: String, _ contract: C.Type, loop: Int? = nil,
        _ handler:
            @escaping @Sendable (
                isolated FakeActor, consuming C.Request, Delivery, consuming Reply<C.Response>
            ) throws -> Void
    ) -> ActorPlan {
        let declaration = ModuleDeclaration("fake-\(name)", "A fake.", serves: .contracts([C.identity])) {
            FakeActor($0) { actor in actor.context.serve(contract, by: actor, handler) }
        }
        return ActorPlan(name, of: declaration, loop: loop)
    }
}

/// An actor whose behaviour a test gives as closures.
public actor FakeActor: Module {
    public nonisolated let context: Context
    private let onStart: @Sendable (FakeActor) -> Void
    /// Whatever the test wants to keep.
    public var count = 0
    /// Questions that the test answers later.
    public var replies: [ReplyBox<HTTPResponse>] = []

    public init(_ context: Context, onStart: @escaping @Sendable (FakeActor) -> Void) {
        self.context = context
        self.onStart = onStart
    }
    public func start() throws { onStart(self) }
}

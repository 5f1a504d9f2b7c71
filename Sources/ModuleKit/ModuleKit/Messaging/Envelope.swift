/// What may be asked of an actor and what it answers, as types. Both ends must name the same contract.
public protocol Contract: Sendable {
    /// What is asked: a value that may cross loops.
    associatedtype Request: Sendable
    /// `Void` for messages that nobody waits for.
    associatedtype Response: Sendable
    /// Name and version.
    static var identity: ContractIdentity { get }
    /// What decides which member of a group gets the request.
    static func route(of request: borrowing Request) -> Route
    /// Whether the request may be asked again of another member without harm.
    static func isIdempotent(_ request: borrowing Request) -> Bool
}

/// Which member of a group a request belongs to.
@frozen public enum Route: Sendable, Equatable {
    /// Any may take it.
    case any
    /// The one that owns this key.
    case key(UInt64)
    /// The one with this number, from 0.
    case member(Int)
}

extension Contract {
    @inlinable public static func route(of request: borrowing Request) -> Route { .any }
    @inlinable public static func isIdempotent(_ request: borrowing Request) -> Bool { false }
}

/// What travels with a request, and is inherited by the requests that it causes.
@frozen public struct Delivery: Sendable {
    /// When the work stops being of use: nanoseconds on the loop's clock; 0 for never.
    public var deadline: UInt64
    /// Joins what belongs to one request of a client; 0 for none.
    public var trace: UInt64
    /// Decides on the lane.
    public var criticality: Criticality

    @inlinable public init(deadline: UInt64 = 0, trace: UInt64 = 0, criticality: Criticality = .normal) {
        self.deadline = deadline
        self.trace = trace
        self.criticality = criticality
    }
    /// The same with an earlier deadline, if that is earlier.
    @inlinable public func limited(to deadline: UInt64) -> Delivery {
        var copy = self
        if copy.deadline == 0 || deadline < copy.deadline { copy.deadline = deadline }
        return copy
    }
}

/// A message in a mailbox: the request, how it travels, and the duty to answer it.
@frozen public struct Envelope<Request: Sendable, Response: Sendable>: ~Copyable, Letter {
    /// What is asked.
    public var request: Request
    /// How it travels.
    public let delivery: Delivery
    /// The duty to answer.
    public var reply: Reply<Response>

    @inlinable public init(
        _ request: consuming Request, _ delivery: Delivery, _ reply: consuming Reply<Response>
    ) {
        self.request = request
        self.delivery = delivery
        self.reply = reply
    }
    /// Nobody will handle it: whoever asked hears the reason.
    @inlinable public consuming func refuse(_ reason: AskFailure) { reply.fail(reason) }
}

/// The mailbox behind a contract.
public typealias ContractMailbox<C: Contract> = Mailbox<Envelope<C.Request, C.Response>>

import ModuleKit

/// What an answer says about the member that gave it.
enum Outcome: Equatable {
    case success
    /// It has too much to do: counts as slow, not as broken.
    case overload
    /// It is broken, or did not answer.
    case failure
}

extension AskFailure {
    /// What the lack of an answer says about the member.
    var outcome: Outcome {
        switch self {
        case .refused, .expired, .tooManyUnderWay: .overload
        case .dropped, .timedOut, .failed, .unavailable: .failure
        }
    }
}

/// A contract that balancers can judge the answers of.
protocol Balanced: Contract {
    static func outcome(of response: borrowing Response) -> Outcome
    /// Lets go of an answer that a retry replaces.
    static func discard(_ response: borrowing Response)
    /// Whether a key belongs to one member alone.
    static var ownsKeys: Bool { get }
}

extension Balanced {
    static func outcome(of response: borrowing Response) -> Outcome { .success }
    static func discard(_ response: borrowing Response) {}
    static var ownsKeys: Bool { false }
}

extension HTTPContract: Balanced {
    static func outcome(of response: borrowing HTTPResponse) -> Outcome {
        switch response.content.status {
        case 429: .overload
        case ..<500: .success
        default: .failure
        }
    }
    static func discard(_ response: borrowing HTTPResponse) { response.stream?.cancel() }
}

extension OrdersContract: Balanced {
    static func outcome(of response: borrowing OrdersResponse) -> Outcome {
        switch response {
        case .busy: .overload
        case .unavailable: .failure
        default: .success
        }
    }
    static var ownsKeys: Bool { true }
}

extension BehaviourContract: Balanced {}
extension SnapshotContract: Balanced {}

import ModuleKit

/// A number, answered with the number that follows it.
public enum PingContract: Contract {
    public typealias Request = Int
    public typealias Response = Int
    public static let identity = ContractIdentity("bench-ping")
}

/// A number to add; not answered.
public enum CountContract: Contract {
    public typealias Request = Int
    public typealias Response = Void
    public static let identity = ContractIdentity("bench-count")
}

/// How many hops are left; not answered.
public enum RingContract: Contract {
    public typealias Request = Int
    public typealias Response = Void
    public static let identity = ContractIdentity("bench-ring")
}

/// What a run measured, as the JSON of an operation's answer.
public struct Measured {
    /// Messages or round trips.
    public let count: Int
    /// From the first message to the last.
    public let nanoseconds: UInt64
    /// The sum of what was received, so that nothing can be left out unseen.
    public let sum: Int

    public init(count: Int, nanoseconds: UInt64, sum: Int) {
        self.count = count
        self.nanoseconds = nanoseconds
        self.sum = sum
    }
    /// As the bench reads it.
    public var response: OperationResponse {
        OperationResponse(
            json: .object([
                ("count", .integer(count)), ("nanoseconds", .integer(Int(clamping: nanoseconds))),
                ("sum", .integer(sum)),
            ]))
    }
}

extension OperationRequest {
    /// A number of the query; 0 if it was not sent.
    public func number(_ name: String) -> Int { parameter(name).flatMap { Int($0) } ?? 0 }
}

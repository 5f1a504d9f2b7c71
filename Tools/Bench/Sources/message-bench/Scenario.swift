import ModuleKit
import Runtime

/// What is measured, and which actors it needs.
enum Scenario: String, CaseIterable {
    case pingPong = "ping-pong"
    case pingPong64 = "ping-pong-64"
    case ring
    case oneWay = "one-way"
    case fourProducers = "four-producers"
    case twoLoops = "two-loops"
    case twoLoops64 = "two-loops-64"
    case fourProducersTwoLoops = "four-producers-two-loops"

    var loops: Int {
        switch self {
        case .twoLoops, .twoLoops64, .fourProducersTwoLoops: 2
        default: 1
        }
    }
    var underWay: Int { self == .pingPong64 || self == .twoLoops64 ? 64 : 1 }
    var producers: Int { self == .oneWay ? 1 : 4 }

    /// The actors: those that ask are of one plugin, those that answer of the other.
    func actors(_ modules: [ModuleDeclaration]) throws(BenchError) -> [ActorPlan] {
        func actor(
            _ name: String, _ module: String, on loop: Int = 0,
            links: [(name: String, targets: [String])] = []
        ) throws(BenchError) -> ActorPlan {
            guard let declaration = modules.first(where: { $0.name == module }) else {
                throw BenchError("no plugin brings \(module)")
            }
            let identity = ActorIdentity(name: name, group: name, index: 0, replicas: 1, module: module)
            return ActorPlan(identity, of: declaration, loop: loop, links: links)
        }
        switch self {
        case .pingPong, .pingPong64, .twoLoops, .twoLoops64:
            return [
                try actor("asker", "bench-asker", links: [("peer", ["answerer"])]),
                try actor("answerer", "bench-answerer", on: loops - 1),
            ]
        case .oneWay, .fourProducers, .fourProducersTwoLoops:
            var actors = [try actor("counter", "bench-counter")]
            for number in 0..<producers {
                actors.append(
                    try actor(
                        "producer-\(number)", "bench-producer", on: number % loops,
                        links: [("sink", ["counter"])]))
            }
            return actors
        case .ring:
            var actors: [ActorPlan] = []
            for place in 0..<100 {
                let module = place.isMultiple(of: 2) ? "bench-ring-asking" : "bench-ring-answering"
                actors.append(
                    try actor("place-\(place)", module, links: [("next", ["place-\((place + 1) % 100)"])]))
            }
            return actors
        }
    }
}

/// Why a run does not count.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) {
        self.description = description
    }
}

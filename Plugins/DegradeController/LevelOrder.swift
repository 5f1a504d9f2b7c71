import ModuleKit

/// What an operator wants of the level.
enum LevelOrder: Equatable {
    /// Measures decide.
    case automatic
    /// This level, for so many nanoseconds; nil until told otherwise.
    case hold(Int, for: UInt64?)

    /// Why an order is not understood: names the member and what was expected.
    struct Problem: Error, Equatable, CustomStringConvertible {
        let description: String
    }
    /// A level may be held this long at most, in seconds.
    static let longest = 7 * 86_400.0

    /// Reads `{"level":2,"seconds":60}`.
    static func parse(_ body: [UInt8], levels: Int) -> Result<LevelOrder, Problem> {
        let json: JSON
        do {
            json = try JSON(parsing: body, depth: 4, limit: 100)
        } catch {
            return .failure(Problem(description: "no JSON: \(error.description)"))
        }
        guard let members = json.objectValue else { return .failure(Problem(description: "no JSON object")) }
        for (name, _) in members where name != "level" && name != "seconds" {
            return .failure(Problem(description: "'\(name)' is unknown; 'level' and 'seconds' are known"))
        }
        let expected = "level: an integer from 0 to \(levels), or null"
        guard let level = json["level"] else { return .failure(Problem(description: expected)) }
        if case .null = level {
            guard json["seconds"] == nil else {
                return .failure(Problem(description: "seconds: only with a level"))
            }
            return .success(.automatic)
        }
        guard let number = level.integerValue, (0...levels).contains(number) else {
            return .failure(Problem(description: expected))
        }
        guard let seconds = json["seconds"] else { return .success(.hold(number, for: nil)) }
        guard let time = seconds.numberValue, time > 0, time <= longest else {
            return .failure(
                Problem(description: "seconds: a number above 0, at most \(Int(longest))"))
        }
        return .success(.hold(number, for: UInt64(time * 1e9)))
    }
}

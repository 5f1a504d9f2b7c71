import ModuleKit

/// Which requests a route takes: methods and a pattern of paths, as written after `match:`.
///
/// `GET /products/*` takes one segment for the star, `GET,POST /cart/**` any rest, `* /` every method;
/// `GET /products/*.json` has the star inside a segment. A route for GET takes HEAD too.
struct RoutePattern {
    /// Part of a path between two slashes.
    enum Segment: Equatable {
        case exact([UInt8])
        /// At least one byte between the two.
        case wild(prefix: [UInt8], suffix: [UInt8])
    }
    /// A bit for each method, by its raw value.
    let methods: UInt16
    /// The path up to the first segment with a star: the whole path if there is none.
    let prefix: [UInt8]
    /// Segments after the prefix.
    let segments: [Segment]
    /// Whether any number of bytes may follow.
    let takesRest: Bool

    /// What is wrong with a pattern.
    struct Mistake: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    init(_ text: String) throws(Mistake) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2 else {
            throw Mistake(description: "'\(text)': expected methods and a path, such as 'GET /products/*'")
        }
        methods = try Self.methods(parts[0])
        let path = parts[1]
        guard path.hasPrefix("/") else { throw Mistake(description: "'\(path)': a path begins with '/'") }
        guard !path.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            throw Mistake(description: "'\(path)': a route matches paths only, leave out the query")
        }
        var pieces = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { Array($0) }
        takesRest = pieces.last == Array("**".utf8)
        if takesRest { pieces.removeLast() }
        var parsed: [Segment] = []
        for piece in pieces { parsed.append(try Self.segment(piece, in: path)) }
        let exactCount = parsed.firstIndex { if case .wild = $0 { true } else { false } } ?? parsed.count
        var bytes: [UInt8] = []
        for piece in pieces[..<exactCount] { bytes += [UInt8(ascii: "/")] + piece }
        if takesRest || exactCount < parsed.count { bytes.append(UInt8(ascii: "/")) }
        prefix = bytes
        segments = Array(parsed[exactCount...])
    }

    private static func methods(_ text: Substring) throws(Mistake) -> UInt16 {
        if text == "*" { return 0xFF }
        var mask: UInt16 = 0
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            let method = HTTPMethod(String(name))
            guard method != .other else {
                throw Mistake(
                    description:
                        "'\(name)' is no method; write GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH or *")
            }
            mask |= bit(method)
            if method == .get { mask |= bit(.head) }
        }
        return mask
    }
    private static func segment(_ piece: [UInt8], in path: Substring) throws(Mistake) -> Segment {
        let stars = piece.indices.filter { piece[$0] == UInt8(ascii: "*") }
        guard let star = stars.first else { return .exact(piece) }
        guard stars.count == 1 else {
            throw Mistake(description: "'\(path)': one '*' a segment; '**' only as the last one")
        }
        return .wild(prefix: Array(piece[..<star]), suffix: Array(piece[(star + 1)...]))
    }

    @inline(__always) static func bit(_ method: HTTPMethod) -> UInt16 { 1 &<< UInt16(method.rawValue) }
    @inline(__always) func takes(_ method: HTTPMethod) -> Bool { methods & Self.bit(method) != 0 }
}

/// All routes, ready to be matched: patterns in one piece of memory, and for each first letter of a path
/// the routes that may take it. Matching allocates nothing.
final class RouteTable {
    private struct Route {
        var methods: UInt16
        /// Whether the prefix is the whole path.
        var isExact: Bool
        var takesRest: Bool
        var prefixStart: Int
        var prefixCount: Int
        var segmentStart: Int
        var segmentCount: Int
    }
    private struct Segment {
        var isWild: Bool
        var start: Int
        var count: Int
        var suffixStart: Int
        var suffixCount: Int
    }
    /// What became of a match.
    enum Outcome: Equatable {
        case route(Int)
        /// The path is known for other methods: a bit for each.
        case otherMethods(UInt16)
        case none
    }
    private let routes: UnsafeMutablePointer<Route>
    private let segments: UnsafeMutablePointer<Segment>
    private let bytes: UnsafeMutablePointer<UInt8>
    /// Numbers of routes, by the byte after the path's first slash; in the order of the routes.
    private let candidates: UnsafeMutablePointer<UInt16>
    /// Where the candidates of each byte begin; one more at the end.
    private let starts: UnsafeMutablePointer<Int>

    init(_ patterns: [RoutePattern]) {
        var text: [UInt8] = []
        var allSegments: [Segment] = []
        var allRoutes: [Route] = []
        func keep(_ piece: [UInt8]) -> (Int, Int) {
            defer { text += piece }
            return (text.count, piece.count)
        }
        for pattern in patterns {
            let (start, count) = keep(pattern.prefix)
            let first = allSegments.count
            for segment in pattern.segments {
                switch segment {
                case .exact(let piece):
                    let (start, count) = keep(piece)
                    allSegments.append(
                        Segment(isWild: false, start: start, count: count, suffixStart: 0, suffixCount: 0))
                case .wild(let prefix, let suffix):
                    let (start, count) = keep(prefix)
                    let (suffixStart, suffixCount) = keep(suffix)
                    allSegments.append(
                        Segment(
                            isWild: true, start: start, count: count, suffixStart: suffixStart,
                            suffixCount: suffixCount))
                }
            }
            allRoutes.append(
                Route(
                    methods: pattern.methods, isExact: pattern.segments.isEmpty && !pattern.takesRest,
                    takesRest: pattern.takesRest, prefixStart: start, prefixCount: count,
                    segmentStart: first, segmentCount: pattern.segments.count))
        }
        routes = Self.copy(allRoutes)
        segments = Self.copy(allSegments)
        bytes = Self.copy(text)
        var numbers: [UInt16] = []
        var places: [Int] = []
        for byte in 0..<256 {
            places.append(numbers.count)
            for (index, pattern) in patterns.enumerated()
            where pattern.prefix.count < 2 || Int(pattern.prefix[1]) == byte {
                numbers.append(UInt16(truncatingIfNeeded: index))
            }
        }
        candidates = Self.copy(numbers)
        starts = Self.copy(places + [numbers.count])
    }
    deinit {
        routes.deallocate()
        segments.deallocate()
        bytes.deallocate()
        candidates.deallocate()
        starts.deallocate()
    }
    private static func copy<Element>(_ array: [Element]) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, array.count))
        memory.initialize(from: array, count: array.count)
        return memory
    }

    /// The first route that takes the request.
    func match(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Outcome {
        let first = path.count > 1 ? Int(path[1]) : 0
        let bit = RoutePattern.bit(method)
        var others: UInt16 = 0
        var place = starts[first]
        let end = starts[first + 1]
        while place < end {
            let index = Int(candidates[place])
            place &+= 1
            guard matches(routes + index, path) else { continue }
            if routes[index].methods & bit != 0 { return .route(index) }
            others |= routes[index].methods
        }
        return others == 0 ? .none : .otherMethods(others)
    }

    @inline(__always)
    private func matches(_ route: UnsafeMutablePointer<Route>, _ path: UnsafeRawBufferPointer) -> Bool {
        let count = route.pointee.prefixCount
        if path.count < count || (route.pointee.isExact && path.count != count) { return false }
        guard equals(path, 0, route.pointee.prefixStart, count) else { return false }
        if route.pointee.isExact { return true }
        return matchesSegments(route, path, from: count)
    }

    private func matchesSegments(
        _ route: UnsafeMutablePointer<Route>, _ path: UnsafeRawBufferPointer, from start: Int
    ) -> Bool {
        var position = start
        let last = route.pointee.segmentStart &+ route.pointee.segmentCount
        for index in route.pointee.segmentStart..<last {
            var end = position
            while end < path.count && path[end] != UInt8(ascii: "/") { end &+= 1 }
            guard matches(segments + index, path, position, end) else { return false }
            let isLast = index == last - 1 && !route.pointee.takesRest
            if isLast { return end == path.count }
            // A slash must follow, and what it leads to.
            guard end < path.count else { return false }
            position = end &+ 1
        }
        return route.pointee.takesRest
    }

    private func matches(
        _ segment: UnsafeMutablePointer<Segment>, _ path: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> Bool {
        let one = segment.pointee
        guard one.isWild else { return end - start == one.count && equals(path, start, one.start, one.count) }
        return end - start > one.count + one.suffixCount && equals(path, start, one.start, one.count)
            && equals(path, end - one.suffixCount, one.suffixStart, one.suffixCount)
    }

    @inline(__always)
    private func equals(_ path: UnsafeRawBufferPointer, _ start: Int, _ piece: Int, _ count: Int) -> Bool {
        var index = 0
        while index < count {
            if path[start &+ index] != bytes[piece &+ index] { return false }
            index &+= 1
        }
        return true
    }

    /// The names of methods, as in `Allow`.
    static func names(of methods: UInt16) -> String {
        HTTPMethod.allCases.filter { $0 != .other && methods & RoutePattern.bit($0) != 0 }.map(\.name)
            .joined(separator: ", ")
    }
}

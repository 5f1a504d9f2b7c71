/// A graph of numbered vertices. All walks go in ascending order and without recursion, so they are the
/// same each time and take any depth.
struct DirectedGraph {
    /// For each vertex, where its edges lead.
    var edges: [[Int]]

    /// Each vertex after those that its edges lead to; an edge back into the path being walked (a cycle)
    /// is passed over.
    func postorder() -> [Int] {
        var order: [Int] = []
        var isSeen = [Bool](repeating: false, count: edges.count)
        for root in edges.indices where !isSeen[root] {
            isSeen[root] = true
            var path = [(vertex: root, next: 0)]
            while let top = path.last {
                guard top.next < edges[top.vertex].count else {
                    order.append(top.vertex)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let target = edges[top.vertex][top.next]
                guard !isSeen[target] else { continue }
                isSeen[target] = true
                path.append((target, 0))
            }
        }
        return order
    }

    /// Cycles that have no vertex in common, at most `limit`, each from its lowest vertex on. Empty if
    /// and only if there is no cycle.
    func cycles(limit: Int) -> [[Int]] {
        var isLeft = [Bool](repeating: true, count: edges.count)
        var found: [[Int]] = []
        while found.count < limit {
            removeEnds(&isLeft)
            guard let start = isLeft.firstIndex(of: true) else { break }
            // Every vertex that is left has an edge to one that is left: walk until one comes again.
            var path = [start]
            var place = [start: 0]
            while let vertex = path.last, let next = edges[vertex].first(where: { isLeft[$0] }) {
                if let first = place[next] {
                    path.removeFirst(first)
                    break
                }
                place[next] = path.count
                path.append(next)
            }
            for vertex in path { isLeft[vertex] = false }
            let lowest = path.indices.min { path[$0] < path[$1] } ?? 0
            found.append(Array(path[lowest...] + path[..<lowest]))
        }
        return found
    }
    /// Takes out, again and again, what has no edge to anything that is left.
    private func removeEnds(_ isLeft: inout [Bool]) {
        var sources = [[Int]](repeating: [], count: edges.count)
        var degree = [Int](repeating: 0, count: edges.count)
        for vertex in edges.indices where isLeft[vertex] {
            for target in edges[vertex] where isLeft[target] {
                sources[target].append(vertex)
                degree[vertex] += 1
            }
        }
        var ends = edges.indices.filter { isLeft[$0] && degree[$0] == 0 }
        while let end = ends.popLast() {
            isLeft[end] = false
            for source in sources[end] {
                degree[source] -= 1
                if degree[source] == 0 { ends.append(source) }
            }
        }
    }
}

/// In which order actors start.
enum StartOrder {
    /// Names of groups, each after those that it cannot be ready without; ties and cycles are decided by
    /// the order of the file.
    static func names(of groups: [ActorGroup]) -> [String] {
        var index: [String: Int] = [:]
        for (number, group) in groups.enumerated() { index[group.name] = number }
        let edges = groups.map { group in
            group.links.filter { !$0.declaration.isOptionalForReadiness }
                .flatMap { $0.targets.compactMap { index[$0] } }
        }
        return DirectedGraph(edges: edges).postorder().map { groups[$0].name }
    }
}

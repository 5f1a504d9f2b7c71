import ModuleKit

/// A consistent hash ring (Karger et al. 1997): each member owns the arcs that end at its points. A
/// member that leaves gives its keys to many others and moves no other key.
///
/// An index by the highest bits of the hash replaces the binary search: a look-up reads one entry of
/// the index and one or two points, whatever the number of members.
struct HashRing {
    private let hashes: [UInt64]
    private let owners: [Int32]
    /// The first point at or after the start of each slice of the circle.
    private let index: [Int32]
    private let shift: UInt64

    /// - Parameters:
    ///   - names: unique; they decide where the points lie.
    ///   - points: of each member; more make the shares more even.
    init(_ names: [String], points: Int = 64) {
        var made: [(hash: UInt64, owner: Int32)] = []
        made.reserveCapacity(names.count * points)
        for (owner, name) in names.enumerated() {
            var hash = StableHash.hash(name)
            for _ in 0..<points {
                hash = StableHash.mix(hash)
                made.append((hash, Int32(truncatingIfNeeded: owner)))
            }
        }
        made.sort { ($0.hash, $0.owner) < ($1.hash, $1.owner) }
        hashes = made.map(\.hash)
        owners = made.map(\.owner)
        let bits = max(1, Int.bitWidth - made.count.leadingZeroBitCount)
        shift = UInt64(64 - bits)
        var index: [Int32] = []
        index.reserveCapacity(1 << bits)
        var point = 0
        for slice in 0..<(1 << bits) {
            while point < made.count && made[point].hash >> shift < UInt64(slice) { point += 1 }
            index.append(Int32(truncatingIfNeeded: point))
        }
        self.index = index
    }

    /// The point that a key belongs to.
    func point(of key: UInt64) -> Int {
        var point = Int(index[Int(truncatingIfNeeded: key >> shift)])
        while point < hashes.count && hashes[point] < key { point &+= 1 }
        return point == hashes.count ? 0 : point
    }
    /// The next point on the circle.
    func following(_ point: Int) -> Int { point &+ 1 < hashes.count ? point &+ 1 : 0 }

    func owner(_ point: Int) -> Int { Int(owners[point]) }
}

/// Members in lists by how many requests they have in flight, so that the least loaded is found, and a
/// member moved to its neighbouring list, in constant time whatever the number of members.
///
/// Only members that are linked are found; the loads of all are kept. Lists are first in, first out:
/// members of the same load take turns.
struct LoadBuckets {
    /// Requests in flight of each member.
    private(set) var loads: [Int32]
    /// Of the linked members together.
    private(set) var total = 0
    /// Linked members.
    private(set) var count = 0
    private var heads: [Int32] = [-1]
    private var nexts: [Int32]
    private var previous: [Int32]
    private var linked: [Bool]
    /// No linked member has less.
    private var minimum = 0

    init(members: Int) {
        loads = Array(repeating: 0, count: members)
        nexts = Array(repeating: -1, count: members)
        previous = Array(repeating: -1, count: members)
        linked = Array(repeating: false, count: members)
    }

    func isLinked(_ member: Int) -> Bool { linked[member] }
    func load(_ member: Int) -> Int { Int(loads[member]) }

    /// Makes the member one that is found.
    mutating func link(_ member: Int) {
        guard !linked[member] else { return }
        linked[member] = true
        count += 1
        total += load(member)
        insert(member)
    }

    /// Makes it one that is not found.
    mutating func unlink(_ member: Int) {
        guard linked[member] else { return }
        remove(member)
        linked[member] = false
        count -= 1
        total -= load(member)
    }

    mutating func increment(_ member: Int) {
        guard linked[member] else {
            loads[member] &+= 1
            return
        }
        remove(member)
        loads[member] &+= 1
        total &+= 1
        insert(member)
    }

    mutating func decrement(_ member: Int) {
        guard loads[member] > 0 else { return }
        guard linked[member] else {
            loads[member] &-= 1
            return
        }
        remove(member)
        loads[member] &-= 1
        total &-= 1
        insert(member)
    }

    /// The linked member with the least load that has waited longest for it; -1 without members.
    mutating func least() -> Int {
        guard count > 0 else { return -1 }
        while minimum < heads.count && heads[minimum] < 0 { minimum &+= 1 }
        return minimum < heads.count ? Int(heads[minimum]) : -1
    }

    /// Moves the member behind the others of its load.
    mutating func rotate(_ member: Int) {
        guard linked[member] else { return }
        remove(member)
        insert(member)
    }

    /// The next one in the order of load; -1 after the last.
    func following(_ member: Int) -> Int {
        let load = load(member)
        let next = nexts[member]
        if next != heads[load] { return Int(next) }
        var bucket = load &+ 1
        while bucket < heads.count {
            if heads[bucket] >= 0 { return Int(heads[bucket]) }
            bucket &+= 1
        }
        return -1
    }

    /// At the end of its list. Lists are circles: the head's predecessor is the last.
    private mutating func insert(_ member: Int) {
        let load = load(member)
        while heads.count <= load { heads.append(-1) }
        let node = Int32(truncatingIfNeeded: member)
        let head = heads[load]
        if head < 0 {
            heads[load] = node
            nexts[member] = node
            previous[member] = node
        } else {
            let last = previous[Int(head)]
            nexts[member] = head
            previous[member] = last
            nexts[Int(last)] = node
            previous[Int(head)] = node
        }
        if load < minimum { minimum = load }
    }

    private mutating func remove(_ member: Int) {
        let load = load(member)
        let node = Int32(truncatingIfNeeded: member)
        let next = nexts[member]
        guard next != node else {
            heads[load] = -1
            return
        }
        let before = previous[member]
        nexts[Int(before)] = next
        previous[Int(next)] = before
        if heads[load] == node { heads[load] = next }
    }
}

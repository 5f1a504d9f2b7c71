import ModuleKit

/// Pages as bytes, made when they are first asked for. When it is full the oldest goes: the cache in
/// front of the shop knows which pages are wanted.
struct PageCache {
    private var entries: [String: HTTPContent] = [:]
    private var order: [String] = []
    private var oldest = 0
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }
    var count: Int { entries.count }

    subscript(_ key: String) -> HTTPContent? { entries[key] }

    mutating func insert(_ content: HTTPContent, for key: String) {
        if entries.updateValue(content, forKey: key) != nil { return }
        if order.count < capacity {
            order.append(key)
            return
        }
        entries[order[oldest]] = nil
        order[oldest] = key
        oldest = (oldest + 1) % capacity
    }
    mutating func removeAll() {
        entries.removeAll()
        order.removeAll()
        oldest = 0
    }
}

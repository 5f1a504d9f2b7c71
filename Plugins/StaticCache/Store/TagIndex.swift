/// That a stored response carries a tag: a link in the list of all that do.
final class TagLink {
    let tag: Tag
    @exclusivity(unchecked) unowned(unsafe) let stored: StoredResponse
    @exclusivity(unchecked) unowned(unsafe) var previous: TagLink?
    @exclusivity(unchecked) unowned(unsafe) var next: TagLink?

    init(_ tag: Tag, _ stored: StoredResponse) {
        self.tag = tag
        self.stored = stored
    }
}

/// One tag (`Surrogate-Key`), with the list of the responses that carry it.
final class Tag {
    let name: String
    @exclusivity(unchecked) unowned(unsafe) var first: TagLink?

    init(_ name: String) { self.name = name }
}

/// Which stored responses carry which tag. Purging walks one list; forgetting a response costs the
/// same however many carry its tags.
struct TagIndex {
    private var tags: [String: Tag] = [:]
    /// Tags of one response that are heeded; further ones are not.
    static let limit = 64

    var count: Int { tags.count }
    func tag(_ name: String) -> Tag? { tags[name] }

    /// The names in a `Surrogate-Key` field: separated by white space, each once.
    static func names(_ field: String) -> [String] {
        var names: [String] = []
        for name in field.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "," }) {
            guard names.count < limit else { break }
            let name = String(name)
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    mutating func add(_ stored: StoredResponse, _ names: [String]) {
        for name in names {
            let tag = tags[name] ?? Tag(name)
            tags[name] = tag
            let link = TagLink(tag, stored)
            link.next = tag.first
            tag.first?.previous = link
            tag.first = link
            stored.tags.append(link)
        }
    }

    mutating func remove(_ stored: StoredResponse) {
        for link in stored.tags {
            if let previous = link.previous { previous.next = link.next } else { link.tag.first = link.next }
            link.next?.previous = link.previous
            if link.tag.first == nil { tags[link.tag.name] = nil }
        }
        stored.tags.removeAll()
    }
}

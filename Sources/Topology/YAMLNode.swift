/// A value of a YAML text with its place. Aliases are resolved; equal parts share their memory.
struct YAMLNode {
    enum Content {
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLMember])
        /// A value with a mistake that was reported already: nothing more is said about it.
        case invalid
    }
    var content: Content
    let position: SourcePosition
    private let storedLength: UInt32
    /// Values in it, itself included, aliases counted as often as they are used.
    var size: Int32 = 1
    /// 1 for a scalar.
    var depth: Int32 = 1

    init(_ content: Content, at position: SourcePosition, length: Int = 1) {
        self.content = content
        self.position = position
        storedLength = UInt32(clamping: length)
    }
    /// Characters that a caret underlines.
    var length: Int { Int(storedLength) }
    /// The text of a scalar.
    var text: String? { if case .scalar(let text, _) = content { text } else { nil } }
    var isInvalid: Bool { if case .invalid = content { true } else { false } }
    /// Nothing, `~` or `null`, without quotes.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }
    /// For messages: what is there.
    var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "something wrong"
        }
    }
}

/// A key and its value.
struct YAMLMember {
    let key: YAMLNode
    let value: YAMLNode
}

/// What a text may ask of its reader.
struct YAMLLimits {
    /// Bytes of the text.
    var bytes = 1 << 20
    /// Mappings and lists within each other.
    var depth = 32
    /// Values in all, aliases expanded.
    var nodes = 50_000
    /// Lines that begin with `%`: libyaml compares each directive with all before it.
    var directives = 100
}

/// Builds the tree of the first document from events, without recursion.
struct YAMLTreeBuilder {
    private struct Frame {
        let isMapping: Bool
        let position: SourcePosition
        let properties: YAMLProperties
        var children: [YAMLNode] = []
        var size: Int32 = 1
        var depth: Int32 = 1
    }
    private let limits: YAMLLimits
    private let collector: DiagnosticCollector
    private var stack: [Frame] = []
    private var anchors: [String: YAMLNode] = [:]
    private var count = 0
    private(set) var root: YAMLNode?

    init(limits: YAMLLimits, collector: DiagnosticCollector) {
        self.limits = limits
        self.collector = collector
    }

    /// Answers whether to go on: false behind a limit.
    mutating func take(_ marked: YAMLMarkedEvent) -> Bool {
        switch marked.event {
        case .streamStart, .streamEnd, .documentEnd: return true
        case .documentStart:
            guard root != nil else { return true }
            collector.report(
                "a second document; a topology is one document", at: marked.start, length: 3)
            return false
        case .alias(let name): return alias(name, marked)
        case .scalar(let text, let style, let properties):
            let isOneLine = marked.start.line == marked.end.line
            let node = YAMLNode(
                .scalar(text, isPlain: style == .plain), at: marked.start,
                length: isOneLine ? max(1, marked.end.offset - marked.start.offset) : 1)
            refuseTag(properties, marked)
            return add(node, properties)
        case .sequenceStart(let properties, _): return open(false, marked, properties)
        case .mappingStart(let properties, _): return open(true, marked, properties)
        case .sequenceEnd, .mappingEnd: return close()
        }
    }
    /// Closes what is open, after an error or a limit.
    mutating func closeAll() {
        while !stack.isEmpty { _ = close() }
    }

    private mutating func open(
        _ isMapping: Bool, _ marked: YAMLMarkedEvent, _ properties: YAMLProperties
    ) -> Bool {
        guard stack.count < limits.depth else {
            collector.report(
                "nested more than \(limits.depth) levels deep", at: marked.start,
                expected: "at most \(limits.depth) lists and mappings within each other")
            return false
        }
        refuseTag(properties, marked)
        stack.append(Frame(isMapping: isMapping, position: marked.start, properties: properties))
        return true
    }
    private func refuseTag(_ properties: YAMLProperties, _ marked: YAMLMarkedEvent) {
        guard let tag = properties.tag else { return }
        collector.report(
            "tags such as '\(TreePreparation.short(tag))' are not used in a topology", at: marked.start)
    }
    private mutating func close() -> Bool {
        guard let frame = stack.popLast() else { return true }
        var node = YAMLNode(.sequence(frame.children), at: frame.position)
        if frame.isMapping {
            var members: [YAMLMember] = []
            for index in stride(from: 0, to: frame.children.count - 1, by: 2) {
                members.append(YAMLMember(key: frame.children[index], value: frame.children[index + 1]))
            }
            node.content = .mapping(members)
        }
        node.size = frame.size
        node.depth = frame.depth
        return add(node, frame.properties, isCounted: true)
    }
    private mutating func alias(_ name: String, _ marked: YAMLMarkedEvent) -> Bool {
        let length = max(1, marked.end.offset - marked.start.offset)
        if let node = anchors[name] {
            guard stack.count + Int(node.depth) <= limits.depth + 1 else {
                collector.report(
                    "alias '*\(name)' nests more than \(limits.depth) levels deep", at: marked.start,
                    length: length)
                return false
            }
            return add(node, YAMLProperties())
        }
        let isOpen = stack.contains { $0.properties.anchor == name }
        collector.report(
            isOpen
                ? "alias '*\(name)' stands inside what it names"
                : "there is no anchor '&\(name)' before this alias",
            at: marked.start, length: length,
            suggestion: Suggestion.closest(to: name, among: anchors.keys.sorted()))
        return add(YAMLNode(.invalid, at: marked.start, length: length), YAMLProperties())
    }
    private mutating func add(
        _ node: YAMLNode, _ properties: YAMLProperties, isCounted: Bool = false
    ) -> Bool {
        count += isCounted ? 1 : Int(node.size)
        guard count <= limits.nodes else {
            collector.report(
                "more than \(limits.nodes) values, with aliases counted as often as they are used",
                at: node.position)
            return false
        }
        if let anchor = properties.anchor { anchors[anchor] = node }
        guard let top = stack.indices.last else {
            root = node
            return true
        }
        stack[top].children.append(node)
        stack[top].size += node.size
        stack[top].depth = max(stack[top].depth, node.depth + 1)
        return true
    }
}

import CLibYAML

/// One step of a YAML text, as libyaml sees it.
enum YAMLEvent: Equatable {
    case streamStart
    case streamEnd
    case documentStart(isExplicit: Bool)
    case documentEnd(isExplicit: Bool)
    case alias(String)
    case scalar(String, YAMLScalarStyle, YAMLProperties)
    case sequenceStart(YAMLProperties, isFlow: Bool)
    case sequenceEnd
    case mappingStart(YAMLProperties, isFlow: Bool)
    case mappingEnd
}

/// What may stand before a node.
struct YAMLProperties: Equatable {
    var anchor: String?
    var tag: String?
}

enum YAMLScalarStyle: Equatable {
    case plain, singleQuoted, doubleQuoted, literal, folded
}

/// An event with its place in the text.
struct YAMLMarkedEvent {
    let event: YAMLEvent
    let start: SourcePosition
    let end: SourcePosition
}

/// Why a text is no YAML.
struct YAMLSyntaxError: Error {
    /// In libyaml's words.
    let problem: String
    let position: SourcePosition
    /// What was being read, and where that began.
    let context: String?
    let contextPosition: SourcePosition?
}

/// Reads the events of a text one by one. The only place that sees libyaml's memory: everything that is
/// given out is copied.
struct YAMLEventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>
    private var hasEnded = false

    /// Nil if there is no memory.
    init?(_ bytes: [UInt8]) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        text = .allocate(capacity: max(bytes.count, 1))
        _ = text.initialize(from: bytes)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            text.deallocate()
            return nil
        }
        yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
    }
    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    /// The next event; nil behind the last one, and after an error.
    mutating func next() throws(YAMLSyntaxError) -> YAMLMarkedEvent? {
        guard !hasEnded else { return nil }
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else {
            hasEnded = true
            throw syntaxError()
        }
        defer { yaml_event_delete(&raw) }
        guard let event = Self.event(raw) else {
            hasEnded = true
            return nil
        }
        hasEnded = event == .streamEnd
        return YAMLMarkedEvent(
            event: event, start: Self.position(raw.start_mark), end: Self.position(raw.end_mark))
    }

    private static func event(_ raw: yaml_event_t) -> YAMLEvent? {
        switch raw.type {
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_STREAM_END_EVENT: .streamEnd
        case YAML_DOCUMENT_START_EVENT: .documentStart(isExplicit: raw.data.document_start.implicit == 0)
        case YAML_DOCUMENT_END_EVENT: .documentEnd(isExplicit: raw.data.document_end.implicit == 0)
        case YAML_ALIAS_EVENT: .alias(string(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: scalar(raw.data.scalar)
        case YAML_SEQUENCE_START_EVENT:
            .sequenceStart(
                properties(raw.data.sequence_start.anchor, raw.data.sequence_start.tag),
                isFlow: raw.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE)
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            .mappingStart(
                properties(raw.data.mapping_start.anchor, raw.data.mapping_start.tag),
                isFlow: raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
        case YAML_MAPPING_END_EVENT: .mappingEnd
        default: nil
        }
    }
    private static func scalar(_ raw: yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar) -> YAMLEvent
    {
        let style: YAMLScalarStyle =
            switch raw.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
            case YAML_LITERAL_SCALAR_STYLE: .literal
            case YAML_FOLDED_SCALAR_STYLE: .folded
            default: .plain
            }
        let value = UnsafeBufferPointer(start: raw.value, count: raw.value == nil ? 0 : raw.length)
        return .scalar(String(decoding: value, as: UTF8.self), style, properties(raw.anchor, raw.tag))
    }
    private static func properties(
        _ anchor: UnsafeMutablePointer<yaml_char_t>?, _ tag: UnsafeMutablePointer<yaml_char_t>?
    ) -> YAMLProperties {
        YAMLProperties(anchor: string(anchor), tag: string(tag))
    }
    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }
    private static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1, offset: Int(mark.index))
    }
    private func syntaxError() -> YAMLSyntaxError {
        let raw = parser.pointee
        // A reader error (wrong bytes) has no place of its own; no memory has nothing at all.
        let hasPlace = raw.error == YAML_SCANNER_ERROR || raw.error == YAML_PARSER_ERROR
        return YAMLSyntaxError(
            problem: raw.problem.map { String(cString: $0) } ?? "the text cannot be read",
            position: Self.position(hasPlace ? raw.problem_mark : raw.mark),
            context: hasPlace ? raw.context.map { String(cString: $0) } : nil,
            contextPosition: hasPlace && raw.context != nil ? Self.position(raw.context_mark) : nil)
    }
}

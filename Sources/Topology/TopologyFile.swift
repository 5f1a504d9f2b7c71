import ModuleKit

/// Reads topology files.
public enum TopologyFile {
    /// A file may have this many bytes.
    public static let maximumSize = YAMLLimits().bytes

    /// Reads and checks a topology: finds everything that is wrong with it in one run, in bounded time
    /// whatever the bytes are.
    ///
    /// - Parameters:
    ///   - bytes: of the file, UTF-8.
    ///   - path: as it shall appear in messages.
    ///   - environment: for `${NAME}` and `${NAME:-default}`.
    ///   - modules: those that the loaded plugins bring.
    /// - Returns: the topology, if there is no error; and errors and warnings in the order of the file,
    ///   about a hundred at most.
    public static func load(
        _ bytes: [UInt8], path: String, environment: [String: String], modules: [ModuleDeclaration]
    ) -> (topology: Topology?, diagnostics: [Diagnostic]) {
        load(SourceText(bytes), path: path, environment: environment, modules: modules)
    }

    /// The same, of a text that is kept to show diagnostics with (`Diagnostic.render`).
    public static func load(
        _ source: SourceText, path: String, environment: [String: String], modules: [ModuleDeclaration]
    ) -> (topology: Topology?, diagnostics: [Diagnostic]) {
        let collector = DiagnosticCollector(path: path)
        let topology = read(source, environment, modules, collector)
        return (collector.hasErrors ? nil : topology, collector.all)
    }

    private static func read(
        _ source: SourceText, _ environment: [String: String], _ modules: [ModuleDeclaration],
        _ collector: DiagnosticCollector
    ) -> Topology? {
        let limits = YAMLLimits()
        guard source.bytes.count <= limits.bytes else {
            collector.report(
                "the file has \(source.bytes.count) bytes", at: .start, expected: "at most \(limits.bytes)")
            return nil
        }
        if source.bytes.starts(with: [0xFF, 0xFE]) || source.bytes.starts(with: [0xFE, 0xFF]) {
            collector.report("the file is UTF-16; save it as UTF-8", at: .start)
            return nil
        }
        if let flaw = source.flaw {
            collector.report(flaw.message, at: flaw.position)
            return nil
        }
        guard source.directives <= limits.directives else {
            collector.report(
                "\(source.directives) lines begin with '%'", at: .start, expected: "no directives")
            return nil
        }
        guard let root = ForgivingYAMLReader(limits: limits, collector: collector).read(source) else {
            collector.reportMissing(
                "the file is empty", at: YAMLNode(.invalid, at: .start),
                expected: "'souk: 1' and 'actors:'")
            return nil
        }
        var preparation = TreePreparation(environment: environment, collector: collector)
        let decoder = TopologyDecoder(environment: environment, modules: modules, collector: collector)
        return decoder.decode(preparation.prepare(root))
    }
}

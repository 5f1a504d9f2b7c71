import Glibc
import ModuleKit

/// Serves the files of a folder from memory.
actor Assets: Module {
    nonisolated let context: Context
    private let reader: AssetReader
    private let prefix: [UInt8]
    private let otherLife: Int
    private let interval: UInt64
    private let readLimit: Int
    private let waiterLimit: Int
    private let hasher: KeyHash
    @exclusivity(unchecked) private var table: KeyTable<AssetFile>
    @exclusivity(unchecked) private var queues: EvictionQueues
    @exclusivity(unchecked) private var reads = 0
    @exclusivity(unchecked) private var waiting = 0
    private let hits, loads, missing, refused, evictions: Counter
    private let bytes, files: Gauge

    init(_ context: Context) throws {
        self.context = context
        let settings = context.settings
        let folder = settings.string("folder")
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ModuleError(
                "the folder '\(folder)' does not exist: make it, or name another", setting: "folder")
        }
        let prefix = settings.string("prefix")
        guard prefix.hasPrefix("/"), prefix.hasSuffix("/") else {
            throw ModuleError("must begin and end with '/'", setting: "prefix")
        }
        self.prefix = Array(prefix.utf8)
        reader = AssetReader(folder: folder, largest: settings.size("largest"))
        otherLife = Int(settings.duration("life") / 1_000_000_000)
        interval = settings.duration("check_interval")
        readLimit = settings.integer("reads")
        waiterLimit = settings.integer("waiters")
        hasher = KeyHash(secret: context.secureRandomBytes(16))
        table = KeyTable(limit: settings.integer("files") + readLimit)
        queues = EvictionQueues(capacity: settings.size("capacity"), limit: settings.integer("files"))
        hits = context.counter("souk_assets_hits_total", "Requests answered from memory.")
        loads = context.counter("souk_assets_reads_total", "Files read from the folder.")
        missing = context.counter("souk_assets_missing_total", "Requests for files that are not there.")
        refused = context.counter(
            "souk_assets_refused_total", "Requests refused because too many waited for files.")
        evictions = context.counter("souk_assets_evictions_total", "Files put out of memory to make room.")
        bytes = context.gauge("souk_assets_bytes", "Bytes of files in memory.")
        files = context.gauge("souk_assets_files", "Paths that are known.")
    }

    func start() throws {
        context.serve(HTTPContract.self, by: self) { assets, request, _, reply in
            assets.receive(request, reply)
        }
    }

    private func receive(_ request: HTTPRequest, _ reply: consuming Reply<HTTPResponse>) {
        guard request.method == .get || request.method == .head else {
            return reply(
                HTTPResponse(
                    problem: 405, "Only GET and HEAD", fields: [(name: "Allow", value: "GET, HEAD")]))
        }
        let whole = request.bytes(request.path)
        guard whole.count > prefix.count, whole.starts(with: prefix) else { return reply(notFound()) }
        let asked = UnsafeRawBufferPointer(rebasing: whole[prefix.count...])
        // Most names stand for themselves; the others are looked up as what they mean.
        if !asked.contains(UInt8(ascii: "%")), let found = find(asked) {
            return serve(found, request, reply)
        }
        guard let path = AssetPath(asked) else { return reply(notFound()) }
        let key = path.key
        let found = key.withUnsafeBytes { bytes -> AssetFile? in
            if let known = find(bytes) { return known }
            let fresh = AssetFile(path, hash: hasher.hash(bytes, host: nil), target: bytes)
            return table.insert(fresh) ? fresh : nil
        }
        guard let found else { return refuse(ReplyBox(reply)) }
        serve(found, request, reply)
    }

    private func find(_ key: UnsafeRawBufferPointer) -> AssetFile? {
        table.find(hasher.hash(key, host: nil), key, host: nil)?.takeUnretainedValue()
    }

    private func serve(_ file: AssetFile, _ request: HTTPRequest, _ reply: consuming Reply<HTTPResponse>) {
        file.countHit()
        let isKnown = file.checkedAt != 0
        let isCurrent = isKnown && context.loop.now - file.checkedAt < interval
        // While somebody looks whether it has changed the others do not wait.
        if isCurrent || isKnown && file.isBeingRead {
            hits.increment()
            return reply(answer(file, request))
        }
        wait(for: file, request, ReplyBox(reply))
    }

    private func answer(_ file: AssetFile, _ request: HTTPRequest) -> HTTPResponse {
        let fields = RequestFields(request)
        guard let form = file.form(request, hasRange: fields.range != nil) else {
            missing.increment()
            return notFound()
        }
        return HTTPResponse(
            Selection.content(form.content, form.validators, for: request, fields) { form.notModified })
    }

    private func notFound() -> HTTPResponse {
        HTTPResponse(
            problem: 404, "No such file", fields: [(name: "Cache-Control", value: "public, max-age=5")])
    }

    private func refuse(_ reply: ReplyBox<HTTPResponse>) {
        refused.increment()
        reply(
            HTTPResponse(
                problem: 503, "Too many files are being read", fields: [(name: "Retry-After", value: "1")]))
    }

    // MARK: reading

    private func wait(for file: AssetFile, _ request: HTTPRequest, _ reply: ReplyBox<HTTPResponse>) {
        guard waiting < waiterLimit, file.isBeingRead || reads < readLimit else {
            if file.checkedAt != 0 { return reply(answer(file, request)) }
            forgetIfUnused(file)
            return refuse(reply)
        }
        waiting += 1
        file.waiters.append((request, reply))
        guard !file.isBeingRead else { return }
        file.isBeingRead = true
        reads += 1
        let (reader, path, stamps) = (reader, file.path.text, file.stamps)
        let box = FileBox(file: file)
        context.blocking(for: self, { reader.read(path, unlessAs: stamps) }) { assets, outcome in
            assets.wasRead(box.file, outcome)
        }
    }

    private func wasRead(_ file: AssetFile, _ outcome: AssetReader.Outcome) {
        reads -= 1
        file.isBeingRead = false
        let before = file.checkedAt
        file.checkedAt = context.loop.now
        switch outcome {
        case .unchanged: break
        case .asset(let asset):
            loads.increment()
            file.set(asset, otherLife: otherLife)
        case .missing: file.clear()
        case .tooLarge:
            context.log.warning(
                "file is larger than 'largest' and is not served", [LogField("file", file.path.text)])
            file.clear()
        case .failed(let code):
            context.log.error(
                "cannot read file", [LogField("file", file.path.text), LogField("errno", Int(code))])
            file.checkedAt = before == 0 ? 0 : context.loop.now
        }
        let waiters = file.waiters
        file.waiters = []
        waiting -= waiters.count
        for waiter in waiters {
            if file.checkedAt == 0 {
                context.countError()
                waiter.reply(HTTPResponse(problem: 503, "The file cannot be read now"))
            } else {
                waiter.reply(answer(file, waiter.request))
            }
        }
        keep(file)
    }

    private func keep(_ file: AssetFile) {
        if file.checkedAt == 0 { return forgetIfUnused(file) }
        if file.queue == .none {
            file.size = file.totalSize
            queues.insert(file)
        } else {
            queues.resize(file, to: file.totalSize)
        }
        // What is being compared with the disk right now must still be there afterwards.
        var spared: [AssetFile] = []
        while queues.isOverfull, let victim = queues.evict() as? AssetFile {
            if victim.isBeingRead {
                spared.append(victim)
                continue
            }
            evictions.increment()
            victim.clear()
            victim.checkedAt = 0
            forgetIfUnused(victim)
        }
        for file in spared { queues.insert(file) }
        bytes.value = Double(queues.bytes)
        files.value = Double(table.count)
    }

    /// Takes a path out of which nothing is known and for which nobody waits.
    private func forgetIfUnused(_ file: AssetFile) {
        guard file.checkedAt == 0, !file.isBeingRead else { return }
        queues.remove(file)
        table.remove(file)
        files.value = Double(table.count)
    }

    // MARK: declaration

    private static let second: UInt64 = 1_000_000_000

    static let settings: [SettingDeclaration] = [
        SettingDeclaration("folder", .path, default: .string("assets"), "The folder whose files are served."),
        SettingDeclaration(
            "prefix", .string(maximum: 200), default: .string("/assets/"),
            "How paths begin; what follows is the path below the folder."),
        SettingDeclaration(
            "capacity", .size(65_536...(1 << 40)), default: .size(64 << 20), "Bytes of files in memory."),
        SettingDeclaration(
            "files", .integer(16...1_048_576), default: .integer(16_384),
            "Paths that are remembered, those of missing files too."),
        SettingDeclaration(
            "largest", .size(1...(1 << 30)), default: .size(16 << 20),
            "Bytes of the largest file; a larger one is not served."),
        SettingDeclaration(
            "life", .duration(0...(31_536_000 * second)), default: .duration(300 * second),
            "How long browsers may keep files whose names hold no fingerprint."),
        SettingDeclaration(
            "check_interval", .duration(0...(3600 * second)), default: .duration(second),
            "How often at most a file is compared with the disk."),
        SettingDeclaration(
            "reads", .integer(1...1024), default: .integer(16), "Files that are read at once at most."),
        SettingDeclaration(
            "waiters", .integer(1...65_536), default: .integer(4096),
            "Requests that wait for files at most; further ones get 503."),
    ]
}

/// Carries an entry through blocking work, which does not touch it.
private struct FileBox: @unchecked Sendable {
    let file: AssetFile
}

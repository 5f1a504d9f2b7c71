import Glibc
import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import StaticCache

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/souk-assets-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }
    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove(path + "/" + name) }
            }
            closedir(folder)
        }
        Glibc.remove(path)
    }

    func write(_ name: String, _ text: String, modified seconds: Int? = nil) {
        let parts = name.split(separator: "/").dropLast()
        var folder = path
        for part in parts {
            folder += "/" + part
            mkdir(folder, 0o755)
        }
        let file = fopen(path + "/" + name, "w")
        defer { if let file { fclose(file) } }
        if let file { fputs(text, file) }
        if let file, let seconds {
            fflush(file)
            let time = timespec(tv_sec: seconds, tv_nsec: 0)
            _ = [time, time].withUnsafeBufferPointer { futimens(fileno(file), $0.baseAddress) }
        }
    }
}

struct AssetsRig {
    let folder: TemporaryFolder
    let node: TestNode

    init(_ settings: [(String, SettingValue)] = []) throws {
        folder = try TemporaryFolder()
        node = TestNode([
            ActorPlan(
                "files", of: assets, settings: [("folder", .string(folder.path + "/public"))] + settings)
        ])
        mkdir(folder.path + "/public", 0o755)
        folder.write("secret.txt", "secret")
        try node.start()
    }
    func write(_ name: String, _ text: String, modified seconds: Int? = nil) {
        folder.write("public/" + name, text, modified: seconds)
    }
    @discardableResult
    func get(
        _ target: String, method: HTTPMethod = .get, _ fields: (name: String, value: String)...
    ) throws -> HTTPResponse {
        try node.ask("files", HTTPContract.self, HTTPRequest(method, target, fields: fields))
    }
    func metric(_ name: String) -> Double {
        switch node.node.metrics.series.first(where: { $0.name == name })?.metric {
        case .counter(let counter): Double(counter.value)
        case .gauge(let gauge): gauge.value
        default: -1
        }
    }
    func pass(seconds: Double) { node.world.run(for: UInt64(seconds * 1e9)) }
}

@Suite struct AssetsTests {
    @Test func filesAreServedFromMemory() throws {
        let rig = try AssetsRig()
        rig.write("css/style.css", "body{}")
        let first = try rig.get("/assets/css/style.css?v=1")
        #expect(first.text == "body{}")
        #expect(first.content.field("content-type") == "text/css; charset=utf-8")
        #expect(first.content.field("cache-control") == "public, max-age=300")
        #expect(first.content.field("x-content-type-options") == "nosniff")
        #expect(try rig.get("/assets/css/style.css").content === first.content)
        #expect(try rig.get("/assets/css/%73tyle.css").content === first.content)
        #expect(try rig.get("/assets/css/style.css", method: .head).content === first.content)
        #expect(rig.metric("souk_assets_reads_total") == 1)
    }

    @Test(arguments: [
        "/assets/../secret.txt", "/assets/%2e%2e/secret.txt", "/assets/..%2fsecret.txt",
        "/assets/%2E./secret.txt",
        "/assets//etc/passwd", "/assets/%2fetc/passwd", "/assets/a/../../secret.txt", "/assets/link.txt",
        "/assets/out/secret.txt", "/assets/a%00.txt", "/assets/.hidden", "/assets/a/.git/config",
        "/assets/..\\secret.txt",
        "/assets/%5c..%5csecret.txt", "/assets/", "/assets", "/other/a.txt", "/assets/folder", "/assets/pipe",
        "/assets/%ff", "/assets/%", "/assets/....//secret.txt", "/assets/%252e%252e/secret.txt",
    ])
    func nothingOutside(_ target: String) throws {
        let rig = try AssetsRig()
        rig.write("a.txt", "a")
        rig.write(".hidden", "hidden")
        rig.write("a/.git/config", "hidden")
        mkdir(rig.folder.path + "/public/folder", 0o755)
        mkfifo(rig.folder.path + "/public/pipe", 0o644)
        symlink("../secret.txt", rig.folder.path + "/public/link.txt")
        symlink("..", rig.folder.path + "/public/out")
        let response = try rig.get(target)
        #expect(response.content.status == 404)
        #expect(!response.text.contains("secret") || response.content.status == 404)
    }

    @Test func linksInsideAreFollowed() throws {
        let rig = try AssetsRig()
        rig.write("release-5/app.js", "five")
        symlink("release-5", rig.folder.path + "/public/current")
        #expect(try rig.get("/assets/current/app.js").text == "five")
    }

    @Test(arguments: [
        ("app.0a1b2c3d.js", true), ("app.0A1B2C3D4e5f.min.js", false), ("app.0a1b2c3.js", false),
        ("app.zzzzzzzz.js", false), ("0a1b2c3d.js", false), ("a/b.deadbeef.css", true),
    ])
    func fingerprintedFilesNeverChange(_ name: String, _ isFingerprinted: Bool) throws {
        let rig = try AssetsRig()
        rig.write(name, "x")
        let control = try rig.get("/assets/\(name)").content.field("cache-control")
        #expect(
            control == (isFingerprinted ? "public, max-age=31536000, immutable" : "public, max-age=300"))
    }

    @Test func compressedNeighbours() throws {
        let rig = try AssetsRig()
        rig.write("app.js", "the whole text", modified: 1_000)
        rig.write("app.js.br", "brotli", modified: 1_000)
        rig.write("app.js.gz", "gzip", modified: 2_000)
        rig.write("old.js", "the whole text", modified: 2_000)
        rig.write("old.js.gz", "gzip", modified: 1_000)
        let brotli = try rig.get("/assets/app.js", (name: "accept-encoding", value: "gzip, br"))
        #expect(brotli.text == "brotli")
        #expect(brotli.content.field("content-encoding") == "br")
        #expect(brotli.content.field("vary") == "Accept-Encoding")
        #expect(brotli.content.field("content-type") == "text/javascript; charset=utf-8")
        let gzip = try rig.get("/assets/app.js", (name: "accept-encoding", value: "br;q=0, gzip"))
        #expect(gzip.text == "gzip")
        let plain = try rig.get("/assets/app.js", (name: "accept-encoding", value: "identity"))
        #expect(plain.text == "the whole text")
        #expect(plain.content.field("vary") == "Accept-Encoding")
        let tags = Set([brotli, gzip, plain].compactMap { $0.content.field("etag") })
        #expect(tags.count == 3)
        let part = try rig.get(
            "/assets/app.js", (name: "accept-encoding", value: "br"), (name: "range", value: "bytes=0-2"))
        #expect(part.text == "the")
        let old = try rig.get("/assets/old.js", (name: "accept-encoding", value: "gzip"))
        #expect(old.text == "the whole text")
    }

    @Test func conditionsAndParts() throws {
        let rig = try AssetsRig()
        rig.write("a.txt", "0123456789", modified: 784_111_777)
        let first = try rig.get("/assets/a.txt")
        let tag = try #require(first.content.field("etag"))
        #expect(first.content.field("last-modified") == "Sun, 06 Nov 1994 08:49:37 GMT")
        let same = try rig.get("/assets/a.txt", (name: "if-none-match", value: tag))
        #expect(same.content.status == 304)
        #expect(same.content.field("etag") == tag)
        #expect(
            try rig.get(
                "/assets/a.txt", (name: "if-modified-since", value: "Sun, 06 Nov 1994 08:49:37 GMT")
            ).content.status == 304)
        let part = try rig.get(
            "/assets/a.txt", (name: "range", value: "bytes=-3"), (name: "if-range", value: tag))
        #expect(part.content.status == 206)
        #expect(part.text == "789")
        #expect(try rig.get("/assets/a.txt", (name: "range", value: "bytes=99-")).content.status == 416)
    }

    @Test func changesAreNoticed() throws {
        let rig = try AssetsRig()
        rig.write("a.txt", "one", modified: 1_000)
        #expect(try rig.get("/assets/a.txt").text == "one")
        rig.write("a.txt", "two", modified: 2_000)
        #expect(try rig.get("/assets/a.txt").text == "one")
        rig.pass(seconds: 1.1)
        #expect(try rig.get("/assets/a.txt").text == "two")
        rig.pass(seconds: 1.1)
        #expect(try rig.get("/assets/a.txt").text == "two")
        #expect(rig.metric("souk_assets_reads_total") == 2)
        rig.write("a.txt.gz", "g", modified: 3_000)
        rig.pass(seconds: 1.1)
        #expect(try rig.get("/assets/a.txt", (name: "accept-encoding", value: "gzip")).text == "g")
        remove(rig.folder.path + "/public/a.txt")
        rig.pass(seconds: 1.1)
        #expect(try rig.get("/assets/a.txt").content.status == 404)
        rig.write("a.txt", "again")
        #expect(try rig.get("/assets/a.txt").content.status == 404)
        rig.pass(seconds: 1.1)
        #expect(try rig.get("/assets/a.txt").text == "again")
    }

    @Test func otherMethodsAreRefused() throws {
        let rig = try AssetsRig()
        let response = try rig.get("/assets/a.txt", method: .post)
        #expect(response.content.status == 405)
        #expect(response.content.field("allow") == "GET, HEAD")
    }

    @Test func memoryIsBounded() throws {
        let rig = try AssetsRig([
            ("capacity", .size(100_000)), ("files", .integer(100)), ("largest", .size(20_000)),
        ])
        for index in 0..<30 { rig.write("\(index).txt", String(repeating: "x", count: 9_000)) }
        for index in 0..<30 {
            #expect(try rig.get("/assets/\(index).txt").content.body.count == 9_000)
        }
        #expect(rig.metric("souk_assets_bytes") <= 100_000)
        for index in 0..<500 { try rig.get("/assets/none-\(index)") }
        #expect(rig.metric("souk_assets_files") <= 100)
        rig.write("large.txt", String(repeating: "x", count: 20_001))
        #expect(try rig.get("/assets/large.txt").content.status == 404)
    }

    @Test func readersAreBoundedAndShareOneReading() throws {
        let rig = try AssetsRig([("reads", .integer(2)), ("waiters", .integer(4))])
        for index in 0..<3 { rig.write("\(index).txt", "\(index)") }
        let answers = ["0", "0", "0", "1", "2", "0"].map {
            rig.node.send("files", HTTPContract.self, HTTPRequest(.get, "/assets/\($0).txt"))
        }
        rig.pass(seconds: 1)
        let statuses = try answers.map { try #require(try $0.result?.get().content.status) }
        #expect(statuses == [200, 200, 200, 200, 503, 503])
        #expect(rig.metric("souk_assets_reads_total") == 2)
        #expect(try rig.get("/assets/2.txt").text == "2")
    }

    @Test func theFolderMustBeThere() {
        #expect(throws: (any Error).self) {
            try TestNode([
                ActorPlan("files", of: assets, settings: [("folder", .string("/nowhere/at/all"))])
            ]).start()
        }
    }
}

import Glibc
import ModuleKit
import Testing

@testable import Runtime

/// Plugins are compiled by the test: tiny C libraries.
@Suite final class PluginLoaderTests {
    let folder: String

    init() throws {
        var template = Array("/tmp/souk-plugins-XXXXXX".utf8CString)
        folder = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
        }
        try #require(!folder.isEmpty)
    }
    deinit { run(["rm", "-rf", folder]) }

    @discardableResult
    func run(_ arguments: [String]) -> Int32 {
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child = pid_t()
        guard let name = pointers[0], posix_spawnp(&child, name, nil, nil, &pointers, environ) == 0 else {
            return -1
        }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return status
    }
    func write(_ name: String, _ bytes: [UInt8]) {
        guard let file = fopen("\(folder)/\(name)", "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
    func compile(_ name: String, _ source: String) throws {
        write("\(name).c", Array(source.utf8))
        let compilers = ["cc", "gcc", "clang"]
        let isDone = compilers.contains {
            run([$0, "-shared", "-fPIC", "-o", "\(folder)/lib\(name).so", "\(folder)/\(name).c"]) == 0
        }
        try #require(isDone, "needs a C compiler")
    }
    func reason(_ name: String) throws -> String {
        let report = try #require(PluginLoader.load(from: [folder], only: [name]).first)
        guard case .failure(let error) = report.result else { return "" }
        return error.description
    }

    @Test func aLibraryWithoutTheSymbolIsPassedOver() throws {
        try compile("Stranger", "int something(void) { return 1; }")
        write("libText.so", Array("no library".utf8))
        write("libEmpty.so", [])
        #expect(PluginLoader.load(from: [folder]).isEmpty)
        #expect(PluginLoader.load(from: [folder + "/none"]).isEmpty)
    }

    @Test func aPluginOfAnotherContractLibraryIsRefusedWithWhatToDo() throws {
        try compile("Older", "void *Older_plugin(unsigned long long digest) { (void)digest; return 0; }")
        let reason = try reason("Older")
        #expect(reason.contains("libOlder.so was built against another contract library"))
        #expect(reason.contains(String(contractDigest(), radix: 16)))
        #expect(reason.contains("build the plugin again"))
    }

    @Test func aPluginThatNeedsWhatTheContractLibraryLacksIsRefused() throws {
        try compile(
            "Newer",
            "extern int no_such_symbol(void);\nvoid *Newer_plugin(long d) { return (void *)(long)no_such_symbol(); }"
        )
        #expect(try reason("Newer").contains("was built against another contract library"))
    }

    @Test func aBrokenFileThatNamesTheSymbolIsRefused() throws {
        write("libBroken.so", Array("\u{7F}ELF and so on Broken_plugin".utf8))
        #expect(try reason("Broken").hasPrefix("cannot load \(folder)/libBroken.so: "))
    }

    @Test func ofTwoFoldersTheFirstCountsAndNamesAreSorted() throws {
        for name in ["B", "A", "C"] {
            try compile(name, "void *\(name)_plugin(long d) { (void)d; return 0; }")
        }
        let reports = PluginLoader.load(from: [folder, folder])
        #expect(reports.map(\.name) == ["A", "B", "C"])
        #expect(PluginLoader.load(from: [folder], only: ["C"]).map(\.name) == ["C"])
    }
}

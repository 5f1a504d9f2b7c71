import Glibc
import ModuleKit

/// A catalogue that was read, and what was skipped in it.
struct LoadedShop: Sendable {
    var shop: Shop
    /// Nil if it was not asked for.
    var secret: [UInt8]?
    var problems: [CSVProblem]
    var problemCount: Int
}

/// Reads what the shop needs from the disk. Blocks: off the loop only.
struct ShopLoader: Sendable {
    let configuration: StorefrontSettings
    let disk: any Disk
    /// Nanoseconds since 1970.
    let loadedAt: UInt64

    /// - Parameter freshSecret: what to keep as the secret if there is none yet; nil to leave it alone.
    func load(freshSecret: [UInt8]?) -> Result<LoadedShop, ModuleError> {
        Result { () throws(ModuleError) in
            let imported = try catalogue()
            var secret: [UInt8]?
            if let freshSecret { secret = try self.secret(freshSecret) }
            let pictures = (try? disk.list(configuration.pictures)) ?? []
            let shop = Shop(
                name: configuration.name, tagline: configuration.tagline,
                introduction: configuration.introduction, currency: configuration.currency,
                catalogue: Catalogue(imported.products),
                localPictures: Set(pictures.filter { PictureFile.type(of: $0) != nil }), loadedAt: loadedAt)
            return LoadedShop(
                shop: shop, secret: secret, problems: imported.problems,
                problemCount: imported.problemCount)
        }
    }

    private func catalogue() throws(ModuleError) -> CatalogueImport {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try disk.read(configuration.catalog, limit: configuration.catalogueLimits.file)
        } catch {
            throw ModuleError(error.description, setting: "catalog")
        }
        do throws(CSVProblem) {
            return try CatalogueReader.read(bytes, limits: configuration.catalogueLimits)
        } catch {
            throw ModuleError(
                "\(configuration.catalog) is no product file: \(error.description)",
                setting: "catalog")
        }
    }

    /// The secret of the settings, else of the file, else the fresh one, which is then kept.
    private func secret(_ fresh: [UInt8]) throws(ModuleError) -> [UInt8] {
        if let secret = configuration.secret { return Array(secret.utf8) }
        let path = configuration.secretFile
        do throws(DiskError) {
            if disk.exists(path) {
                let kept = try disk.read(path, limit: 4_096)
                if kept.count >= 16 { return kept }
                throw DiskError(
                    "\(path) has fewer than 16 bytes; remove it to get a new secret", code: EINVAL)
            }
            if let end = path.lastIndex(of: "/"), end > path.startIndex {
                try disk.makeFolder(String(path[..<end]))
            }
            // The disk makes files that only their owner may read.
            try disk.replace(path, with: Array(Digest.hexadecimal(fresh).utf8))
        } catch {
            throw ModuleError(error.description, setting: "secret_file")
        }
        return Array(Digest.hexadecimal(fresh).utf8)
    }
}

/// Kinds of pictures that the folder may have.
enum PictureFile {
    /// The media type by the name's end; nil for anything that is no picture.
    static func type(of name: String) -> String? {
        guard !name.hasPrefix("."), !name.contains("/"), let dot = name.lastIndex(of: ".") else { return nil }
        switch name[name.index(after: dot)...].lowercased() {
        case "jpg", "jpeg": return "image/jpeg"
        case "png": return "image/png"
        case "webp": return "image/webp"
        case "avif": return "image/avif"
        case "gif": return "image/gif"
        case "svg": return "image/svg+xml"
        default: return nil
        }
    }
}

import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import Storefront

@Suite struct CatalogueTests {
    private static let header =
        "Handle,Title,Type,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Image Src,Status\n"

    private func read(_ rows: String) throws -> CatalogueImport {
        try CatalogueReader.read(Array((Self.header + rows).utf8))
    }

    @Test func rowsThatAddVariantsAndPictures() throws {
        let result = try read(
            """
            a,A,T,true,Size,S,Colour,Red,,1,deny,1,one.jpg,active
            a,,,,,M,,Red,,2,continue,2.50,,
            a,,,,,,,,,,,,two.jpg,
            b,B,,TRUE,Title,Default Title,,,,,,3,,
            """)
        #expect(result.problemCount == 0)
        let a = result.products[0]
        #expect(a.variants.map(\.title) == ["S / Red", "M / Red"])
        #expect(a.variants.map(\.price) == [100, 250])
        #expect(a.variants.map(\.sellsBeyondStock) == [false, true])
        #expect(a.images.map(\.source) == ["one.jpg", "two.jpg"])
        #expect(result.products[1].hasOnlyDefaultVariant)
        #expect(result.products[1].variants[0].sku.isEmpty)
    }

    @Test(arguments: [
        ("x,X,,true,Title,Default Title,,,,1,deny,abc,,", 12, "Variant Price"),
        ("x,X,,true,Title,Default Title,,,,many,deny,1,,", 10, "Variant Inventory Qty"),
        ("x,X,,true,Title,Default Title,,,,1,maybe,1,,", 11, "Variant Inventory Policy"),
        ("x,X,,perhaps,Title,Default Title,,,,1,deny,1,,", 4, "Published"),
        ("x,X,,true,Title,Default Title,,,,1,deny,1,,sleeping", 14, "Status"),
        (",X,,true,Title,Default Title,,,,1,deny,1,,", 1, "Handle"),
        ("x,,,true,Title,Default Title,,,,1,deny,1,,", 2, "Title"),
        ("x,X,,true,Title,Default Title,,,,1,deny,1,", 13, "13 fields"),
        ("x,X,,true,Title,Default Title,,,,1,deny,,,", 12, "Variant Price"),
    ])
    func aBadRowIsNamedAndSkipped(row: String, field: Int, word: String) throws {
        let result = try read(
            "good,Good,,true,Title,Default Title,,,,1,deny,1,,\n" + row
                + "\nfine,Fine,,true,Title,Default Title,,,,1,deny,1,,")
        #expect(result.products.map(\.handle) == ["good", "fine"])
        let problem = try #require(result.problems.first)
        #expect(problem.line == 3)
        #expect(problem.reason.contains(word))
        // The column is where the field begins.
        let before = row.split(separator: ",", omittingEmptySubsequences: false).prefix(field - 1)
        #expect(problem.column == before.reduce(0) { $0 + $1.count + 1 } + 1)
    }

    @Test func sameOptionsTwice() throws {
        let result = try read("a,A,,true,Size,S,,,,1,deny,1,,\na,,,,,S,,,,1,deny,1,,")
        #expect(result.products[0].variants.count == 1)
        #expect(result.problems.first?.line == 3)
    }

    @Test func aBadFileIsRefused() {
        for text in [
            "", "a;b;c\n1;2;3", "Handle,Title\na,b", "Handle,Title,Variant Price", Self.header,
            Self.header + "x,X,,true,Title,Default Title,,,,1,deny,abc,,",
        ] {
            #expect(throws: CSVProblem.self) { try CatalogueReader.read(Array(text.utf8)) }
        }
        #expect(throws: CSVProblem.self) { try CatalogueReader.read([0xFF, 0xFE, 65, 0]) }
    }

    @Test func limits() throws {
        let rows = (0..<20).map { "p\($0),P,,true,Title,Default Title,,,,1,deny,1,,\n" }.joined()
        let bytes = Array((Self.header + rows).utf8)
        #expect(throws: CSVProblem.self) {
            try CatalogueReader.read(bytes, limits: CatalogueLimits(rows: 19))
        }
        #expect(throws: CSVProblem.self) {
            try CatalogueReader.read(bytes, limits: CatalogueLimits(products: 19))
        }
        #expect(
            try CatalogueReader.read(bytes, limits: CatalogueLimits(rows: 20, products: 20)).products.count
                == 20)
        let variants =
            "a,A,,true,Size,1,,,,1,deny,1,,\n" + (2...5).map { "a,,,,,\($0),,,,1,deny,1,,\n" }.joined()
        let cut = try CatalogueReader.read(
            Array((Self.header + variants).utf8), limits: CatalogueLimits(variantsPerProduct: 3, problems: 1))
        #expect(cut.products[0].variants.count == 3)
        #expect(cut.problemCount == 2)
        #expect(cut.problems.count == 1)
    }

    @Test func namesOfTheNewerTemplate() throws {
        let text = """
            Title,URL handle,Description,Published on online store,Status,Option1 name,Option1 value,Price,Inventory quantity,Continue selling when out of stock,Product image URL
            Cup,cup,Nice,TRUE,Active,Title,Default Title,4.5,7,CONTINUE,https://example.com/cup.png
            """
        let product = try CatalogueReader.read(Array(text.utf8)).products[0]
        #expect(product.handle == "cup")
        #expect(product.isPublished)
        #expect(product.variants[0].price == 450)
        #expect(product.variants[0].sellsBeyondStock)
    }

    @Test func numbersAreStable() throws {
        let one = try read("a,A,,true,Size,S,,,,1,deny,1,,\na,,,,,M,,,,1,deny,1,,")
        let two = try read(
            "z,Z,,true,Title,Default Title,,,,1,deny,1,,\na,Other,,true,Size,M,,,,9,deny,5,,\na,,,,,S,,,,1,deny,1,,"
        )
        #expect(one.products[0].id == two.products[1].id)
        #expect(one.products[0].variants[0].id == two.products[1].variants[1].id)
        // Written down, because carts and orders outlive a release.
        #expect(one.products[0].id == Int64(truncatingIfNeeded: StableHash.hash("product/a") >> 11))
        var identifiers = StableIdentifiers()
        var seen = Set<Int64>()
        for index in 0..<20_000 {
            let number = identifiers.number("\(index)")
            #expect(number > 0 && number < 1 << 53)
            seen.insert(number)
        }
        #expect(seen.count == 20_000)
    }

    @Test func draftsAreImportedButNotShown() throws {
        let result = try read(
            """
            a,A,,true,Title,Default Title,,,,1,deny,1,,draft
            b,B,,false,Title,Default Title,,,,1,deny,1,,active
            c,C,,true,Title,Default Title,,,,1,deny,1,,archived
            d,D,,true,Title,Default Title,,,,1,deny,1,,active
            """)
        let catalogue = Catalogue(result.products)
        #expect(catalogue.products.count == 4)
        #expect(catalogue.published == [3])
        #expect(catalogue.product("a") == nil)
        #expect(catalogue.variant(result.products[0].variants[0].id) == nil)
        #expect(catalogue.anyVariant(result.products[0].variants[0].id) != nil)
    }

    @Test func collectionsByTypeElseByTag() throws {
        let text = """
            Handle,Title,Type,Tags,Variant Price
            a,A,Table Lamps,x,1
            b,B,,"men, Summer",1
            c,C,,men,1
            d,D,All,,1
            """
        let catalogue = Catalogue(try CatalogueReader.read(Array(text.utf8)).products)
        #expect(catalogue.collections.map(\.handle) == ["all-of-type", "men", "summer", "table-lamps"])
        #expect(catalogue.collection("men")?.products == [1, 2])
    }
}

@Suite struct SearchTests {
    private func index() throws -> SearchIndex {
        let text = """
            Handle,Title,Body (HTML),Type,Tags,Published,Variant Price
            a,Brass Lantern,Shines on rugs,Lamps,"light, gift",true,1
            b,Rug,"<p>Made of wool, not of <b>brass</b></p>",Rugs,wool,true,1
            c,Café Crème Cup,White,Ceramics,gift,true,1
            d,Hidden Lantern,,Lamps,,false,1
            e,Gift Card,,Cards,,true,1
            """
        return SearchIndex(try CatalogueReader.read(Array(text.utf8)).products)
    }

    @Test(arguments: [
        ("lantern", [0]), ("LANT", [0]), ("brass", [0, 1]), ("gift", [4, 0, 2]), ("cafe creme", [2]),
        ("CAFÉ", [2]), ("brass rug", [1, 0]), ("brass wool", [1]), ("antern", []), ("", []), ("...", []),
        ("gift nothing", []), ("rug", [1, 0]), ("p", []),
    ])
    func finds(query: String, expected: [Int]) throws {
        let found = try index().find(query, limit: 10)
        #expect(found.products == expected)
        #expect(found.total == expected.count)
    }

    @Test func bounded() throws {
        let found = try index().find("gift", limit: 1)
        #expect(found.products == [4])
        #expect(found.total == 3)
    }
}

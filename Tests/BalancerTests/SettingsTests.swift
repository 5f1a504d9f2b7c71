import ModuleKit
import Testing

@testable import Balancer

@Suite struct SettingsTests {
    /// Settings as the runtime completes them: the given ones and the defaults of the rest.
    private func settings(_ given: [SettingEntry]) -> Settings {
        var entries = given
        for declaration in BalancerSettings.declarations
        where !given.contains(where: { $0.name == declaration.name }) {
            if let value = declaration.defaultValue { entries.append(SettingEntry(declaration.name, value)) }
        }
        return Settings(entries)
    }

    @Test func defaultsOfTheDeclarationAreThoseOfTheCode() throws {
        #expect(try BalancerSettings(settings([]), ownsKeys: false) == BalancerSettings())
        var owning = BalancerSettings()
        owning.failsOver = false
        #expect(try BalancerSettings(settings([]), ownsKeys: true) == owning)
    }

    @Test func ownersTakeNoStandIns() throws {
        let given = [
            SettingEntry("by", .string("key")), SettingEntry("failover", .boolean(true)),
        ]
        let error = #expect(throws: ModuleError.self) {
            try BalancerSettings(settings(given), ownsKeys: true)
        }
        #expect(error?.setting == "failover")
        #expect(try BalancerSettings(settings([given[0]]), ownsKeys: true).isOwned)
        #expect(try !BalancerSettings(settings([given[0]]), ownsKeys: false).isOwned)
    }

    @Test(arguments: [
        [SettingEntry("by", .string("round-robin"))],
        [SettingEntry("by", .string("key")), SettingEntry("failover", .boolean(false))],
    ])
    func aBoundOnTheLoadNeedsKeysThatMayMove(given: [SettingEntry]) {
        let error = #expect(throws: ModuleError.self) {
            try BalancerSettings(
                settings(given + [SettingEntry("bounded_load", .percentage(1.25))]), ownsKeys: false)
        }
        #expect(error?.setting == "bounded_load")
    }

    @Test(arguments: [
        (200, Outcome.success), (304, .success), (404, .success), (429, .overload), (500, .failure),
        (503, .failure), (504, .failure),
    ])
    func statusesSayHowTheMemberIs(status: Int, outcome: Outcome) {
        #expect(HTTPContract.outcome(of: HTTPResponse(HTTPContent(status: status))) == outcome)
    }
}

import Testing
@testable import StaticCache

import Testing
@testable import DynamicFragment

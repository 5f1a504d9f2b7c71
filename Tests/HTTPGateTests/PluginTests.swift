import Testing
@testable import HTTPGate

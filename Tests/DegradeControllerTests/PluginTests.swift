import Testing
@testable import DegradeController

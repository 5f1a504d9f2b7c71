import Testing
@testable import Wall

import Testing
@testable import DBShard

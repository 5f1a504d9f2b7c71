import Testing
@testable import AnalyticsStream

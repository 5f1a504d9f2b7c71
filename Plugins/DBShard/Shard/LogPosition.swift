import ModuleKit

/// Keys of log rows: the number of the last order in the high bits, then a serial of batches without
/// orders since. So order `n` lies in the first row whose key is at least `n << 24`.
enum LogPosition {
    static let bits: Int64 = 24

    static func number(of row: Int64) -> Int64 { row >> bits }
    static func row(ofNumber number: Int64) -> Int64 { number << bits }
    /// The key of the next row, after `row`, when `orders` orders are in it.
    static func next(after row: Int64, orders: Int) -> Int64 {
        orders > 0 ? Self.row(ofNumber: number(of: row) + Int64(orders)) : row + 1
    }
    /// The part of an order's id that the shard gives.
    static func number(ofOrder id: Int64) -> Int64 { id & 0xFFFF_FFFF_FFFF }
    /// - Parameter shard: 0 to 32,767, so that ids are never below zero.
    static func order(_ number: Int64, of shard: Int) -> Int64 { Int64(shard) << 48 | number }
}

/// Photos that an encoder takes for the same: frames of one scene, the same picture from another file. Many of them say no more
/// than one, so they count once.
public enum NearCopies {
  /// Embeddings of length 1 with at least this cosine are of near copies. On the measured photo sets at most 1 % of different
  /// photos come as near (steel surfaces, which look most alike).
  public static let cosine: Float = 0.98

  public static func areCopies(_ a: Embedding, _ b: Embedding) -> Bool { a.dot(b) >= cosine }

  /// Marks the first of each group of near copies: `isFirst[i]` becomes false where an earlier marked row is a near copy of row i.
  /// - Parameter isFirst: at least as many values as `rows`, whose rows are of length 1.
  public static func mark(firstOf rows: EmbeddingMatrix, in isFirst: inout MutableSpan<Bool>) {
    for row in 0..<rows.count {
      isFirst[row] = true
      for earlier in 0..<row where isFirst[earlier] && areCopies(rows[earlier], rows[row]) {
        isFirst[row] = false
        break
      }
    }
  }
}

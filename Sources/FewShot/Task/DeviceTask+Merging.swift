public import TinyNN

extension DeviceTask {
  /// Adds what another task learned with the same encoder: classes of the same name become one, and a photo that both have counts
  /// once. Any order of merging gives the same task. Returns how many photos were new.
  public mutating func merge(_ other: Model) throws(DeviceTaskError) -> Int {
    guard model.hasSameEncoder(as: other) else { throw .otherEncoder }
    let classes: ClassesView, examples: ExamplesView
    do {
      classes = try ClassesView(other)
      examples = try ExamplesView(other, classes: classes)
    } catch { throw .malformed }
    var newClasses = 0, newExamples = 0, last = -1
    for index in 0..<examples.count {
      let label = examples.support.label(index), place = place(of: examples.identifier(index), in: classes[label])
      if !place.isKnownClass, label != last { newClasses += 1 }
      last = label
      if !place.isThere { newExamples += 1 }
    }
    guard classCount + newClasses <= layout.classCapacity else { throw .tooManyClasses }
    guard exampleCount + newExamples <= layout.exampleCapacity else { throw .tooManyExamples }
    guard newExamples > 0 else { return 0 }
    beginEdit()
    for index in 0..<examples.count {
      let name = classes[examples.support.label(index)], identifier = examples.identifier(index)
      let place = place(of: identifier, in: name)
      if place.isThere { continue }
      insert(
        examples.support.embeddings[index], length: examples.length(index), identifier: identifier, to: name, at: place)
    }
    return newExamples
  }
}

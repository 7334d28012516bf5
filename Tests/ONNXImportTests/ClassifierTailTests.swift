@testable import ONNXImport
import Testing

/// What follows a classifier does not hide it.
@Suite struct ClassifierTailTests {
  private typealias Tail = @Sendable (inout SmallGraph) -> Void

  private static let tails: [String: Tail] = [
    "temperature": { graph in
      graph.constant("k", .floats([], [1.5]))
      graph.node("Div", ["logits", "k"], ["s"])
      graph.node("Softmax", ["s"], ["y"], ["axis": [1]])
    },
    "scale behind": { graph in
      graph.constant("k", .floats([1], [4]))
      graph.node("Softmax", ["logits"], ["s"], ["axis": [1]])
      graph.node("Mul", ["k", "s"], ["y"])
    },
    "vector scaling": { graph in
      graph.weights("k", 5)
      graph.node("Mul", ["logits", "k"], ["s"])
      graph.node("Add", ["s", "k"], ["t"])
      graph.node("Sigmoid", ["t"], ["y"])
    },
    "clip": { graph in
      graph.constant("low", .floats([], [-50]))
      graph.constant("high", .floats([], [50]))
      graph.node("Clip", ["logits", "low", "high"], ["s"])
      graph.node("LogSoftmax", ["s"], ["y"], ["axis": [1]])
    },
    "clipped probabilities": { graph in
      graph.constant("low", .floats([], [1e-7]))
      graph.node("Softmax", ["logits"], ["s"], ["axis": [1]])
      graph.node("Clip", ["s", "low"], ["y"])
    },
    "sharpened probabilities": { graph in
      graph.constant("axis", .integers([1]))
      graph.constant("power", .floats([], [2]))
      graph.node("Softmax", ["logits"], ["s"], ["axis": [1]])
      graph.node("Pow", ["s", "power"], ["q"])
      graph.node("ReduceSum", ["q", "axis"], ["sum"])
      graph.node("Div", ["q", "sum"], ["y"])
    },
    "softmax by hand": { graph in
      graph.constant("axis", .integers([1]))
      graph.node("ReduceMax", ["logits"], ["top"], ["axes": [1]])
      graph.node("Sub", ["logits", "top"], ["d"])
      graph.node("Exp", ["d"], ["e"])
      graph.node("ReduceSum", ["e", "axis"], ["sum"])
      graph.node("Div", ["e", "sum"], ["y"])
    },
    "log softmax by hand": { graph in
      graph.constant("axis", .integers([1]))
      graph.node("ReduceLogSumExp", ["logits"], ["sum"], ["axes": [1]])
      graph.node("Sub", ["logits", "sum"], ["y"])
    },
    "scores mixed by a matrix": { graph in
      graph.weights("m", 5, 5)
      graph.node("MatMul", ["logits", "m"], ["s"])
      graph.node("Softmax", ["s"], ["y"], ["axis": [1]])
    },
    "classes joined": { graph in
      graph.weights("m", 5, 2)
      graph.node("Softmax", ["logits"], ["s"], ["axis": [1]])
      graph.node("MatMul", ["s", "m"], ["y"])
    },
    "without the first class": { graph in
      for (name, value) in [("from", 1), ("to", 5), ("axes", 1)] { graph.constant(name, .integers([Int64(value)])) }
      graph.node("Slice", ["logits", "from", "to", "axes"], ["y"])
    },
    "averaged heads": { graph in
      graph.constant("k", .floats([], [2]))
      graph.node("Gemm", ["features", "wf"], ["second"])
      graph.node("Add", ["logits", "second"], ["s"])
      graph.node("Div", ["s", "k"], ["y"])
    },
    "heads side by side": { graph in
      graph.node("Reshape", ["features", "same"], ["again"])
      graph.constant("same", .integers([1, 4]))
      graph.node("MatMul", ["again", "wf"], ["second"])
      graph.node("Concat", ["logits", "second"], ["y"], ["axis": [1]])
    },
    "number of the class": { graph in
      graph.node("Softmax", ["logits"], ["p"], ["axis": [1]])
      graph.node("ArgMax", ["p"], ["y"], ["axis": [1], "keepdims": [0]])
    },
    "number of the class as int32": { graph in
      graph.node("ArgMax", ["logits"], ["i"], ["axis": [1]])
      graph.node("Cast", ["i"], ["y"], ["to": [6]])
    },
    "best classes": { graph in
      graph.constant("k", .integers([3]))
      graph.node("TopK", ["logits", "k"], ["value", "y"])
    },
  ]

  @Test(arguments: tails.keys.sorted())
  func featuresAreTaken(name: String) throws {
    var graph = SmallGraph.classifier()
    let tail = try #require(Self.tails[name])
    tail(&graph)
    graph.output("y")
    let imported = try graph.imported()
    #expect(imported.embeddingName == "features")
    #expect(imported.outputs[0].shape == [1, 4])
    #expect(imported.notes.isEmpty)
  }

  @Test func quantizedFeaturesAreTaken() throws {
    var graph = SmallGraph.encoder()
    graph.constant("s", .floats([], [0.05]))
    graph.node("QuantizeLinear", ["features", "s"], ["q"])
    graph.node("DequantizeLinear", ["q", "s"], ["f"])
    graph.weights("wf", 4, 5)
    graph.node("QuantizeLinear", ["wf", "s"], ["wfq"])
    graph.node("DequantizeLinear", ["wfq", "s"], ["wfd"])
    graph.node("MatMul", ["f", "wfd"], ["l"])
    graph.node("QuantizeLinear", ["l", "s"], ["lq"])
    graph.node("DequantizeLinear", ["lq", "s"], ["logits"])
    graph.node("Softmax", ["logits"], ["y"], ["axis": [1]])
    graph.output("y")
    #expect(try EmbeddingSearch(model: graph.model()).automatic() == EmbeddingSearch.Choice(tensor: "f"))
  }

  @Test func quantizedPointwiseClassifierIsFound() throws {
    var graph = SmallGraph.encoder()
    graph.constant("s", .floats([], [0.05]))
    graph.weights("w1", 5, 4, 1, 1)
    graph.node("QuantizeLinear", ["w1", "s"], ["wq"])
    graph.node("DequantizeLinear", ["wq", "s"], ["wd"])
    graph.node("QuantizeLinear", ["mean", "s"], ["q"])
    graph.node("DequantizeLinear", ["q", "s"], ["f"])
    graph.node("Conv", ["f", "wd"], ["l"])
    graph.node("QuantizeLinear", ["l", "s"], ["lq"])
    graph.node("DequantizeLinear", ["lq", "s"], ["ld"])
    graph.node("Flatten", ["ld"], ["y"])
    graph.output("y")
    #expect(try EmbeddingSearch(model: graph.model()).automatic().tensor == "f")
  }

  /// Layers that end in an activation, a normalisation or a gate compute features; a line says how to take what they read.
  @Test(arguments: ["Relu", "Tanh", "swish", "length 1"])
  func activatedLayerIsTheEmbedding(end: String) throws {
    var graph = SmallGraph.classifier()
    switch end {
    case "swish":
      graph.node("Sigmoid", ["logits"], ["g"])
      graph.node("Mul", ["logits", "g"], ["y"])
    case "length 1":
      graph.node("ReduceL2", ["logits"], ["n"], ["axes": [1]])
      graph.node("Div", ["logits", "n"], ["y"])
    default: graph.node(end, ["logits"], ["y"])
    }
    graph.output("y")
    let imported = try graph.imported()
    #expect(imported.embeddingName == "y")
    if end != "length 1" {
      #expect(imported.notes.count == 1 && imported.notes[0].contains("--embedding 'features' [1, 4]"), "\(imported.notes)")
    }
  }

  /// A layer whose result is added to its input is no classifier.
  @Test func residualLayerIsNoClassifier() throws {
    var graph = SmallGraph.encoder()
    graph.weights("w1", 4, 4)
    graph.weights("w2", 4, 4)
    graph.node("MatMul", ["features", "w1"], ["a"])
    graph.node("MatMul", ["a", "w2"], ["b"])
    graph.node("Add", ["a", "b"], ["y"])
    graph.output("y")
    #expect(try graph.imported().embeddingName == "y")
  }

  @Test func headsOnDifferentFeaturesAreNamed() throws {
    var graph = SmallGraph.classifier()
    graph.node("GlobalMaxPool", ["map"], ["most"])
    graph.node("Flatten", ["most"], ["others"])
    graph.node("Gemm", ["others", "wf"], ["second"])
    graph.node("Add", ["second", "logits"], ["y"])
    graph.output("y")
    let imported = try graph.imported()
    #expect(["features", "others"].contains(imported.embeddingName))
    let other = imported.embeddingName == "features" ? "others" : "features"
    #expect(imported.notes.count == 1 && imported.notes[0].contains("--embedding '\(other)' [1, 4]"), "\(imported.notes)")
  }

  /// A convolution whose scores are averaged over the image: what is taken, and what else there is.
  @Test func averagedScoresAreNamed() throws {
    var graph = SmallGraph()
    graph.weights("w0", 4, 3, 3, 3)
    graph.weights("w1", 5, 4, 1, 1)
    graph.node("Conv", ["x", "w0"], ["c0"])
    graph.node("Conv", ["c0", "w1"], ["c1"])
    graph.node("Relu", ["c1"], ["r"])
    graph.node("GlobalAveragePool", ["r"], ["s"])
    graph.node("Softmax", ["s"], ["y"], ["axis": [1]])
    graph.output("y")
    let imported = try graph.imported()
    #expect(imported.embeddingName == "y")
    #expect(imported.notes.count == 1 && imported.notes[0].contains("--embedding 'c0' [1, 4, 6, 6]"), "\(imported.notes)")
  }

  /// Without a classifier, what the number of a class is taken from.
  @Test func numbersOfClassesAreCutOff() throws {
    var graph = SmallGraph()
    graph.weights("w0", 4, 3, 3, 3)
    graph.node("Conv", ["x", "w0"], ["scores"])
    graph.node("ArgMax", ["scores"], ["y"], ["axis": [1]])
    graph.output("y")
    #expect(try graph.imported().embeddingName == "scores")
  }
}

@Suite struct ChoiceReviewTests {
  private func tokens(withPooler: Bool) -> SmallGraph {
    var graph = SmallGraph()
    graph.weights("w0", 4, 3, 3, 3)
    graph.constant("shape", .integers([1, 4, -1]))
    graph.constant("first", .integers([0]))
    graph.node("Conv", ["x", "w0"], ["map"])
    graph.node("Reshape", ["map", "shape"], ["t"])
    graph.node("Transpose", ["t"], ["last_hidden_state"], ["perm": [0, 2, 1]])
    graph.node("Gather", ["last_hidden_state", "first"], ["g"], ["axis": [1]])
    graph.node("Flatten", ["g"], ["token"])
    graph.weights("wp", 4, 4)
    graph.node("Gemm", ["token", "wp"], ["dense"])
    graph.node("Tanh", ["dense"], ["pooler_output"])
    graph.output("last_hidden_state")
    if withPooler { graph.output("pooler_output") }
    return graph
  }

  @Test func aVectorIsTakenBeforeTokens() throws {
    let imported = try tokens(withPooler: true).imported()
    #expect(imported.embeddingName == "pooler_output" && imported.outputs[0].shape == [1, 4])
    #expect(
      imported.notes.count == 1 && imported.notes[0].contains("--embedding 'last_hidden_state' [1, 36, 4]"), "\(imported.notes)")
  }

  @Test func tokensAloneAreNamedAsSuch() throws {
    let imported = try tokens(withPooler: false).imported()
    #expect(imported.embeddingName == "last_hidden_state")
    #expect(imported.notes.count == 1 && imported.notes[0].contains("144 values and not one vector"), "\(imported.notes)")
  }

  @Test func aNamedEmbeddingNeedsNoWord() throws {
    let imported = try tokens(withPooler: true).imported(ImportOptions(embedding: "last_hidden_state"))
    #expect(imported.embeddingName == "last_hidden_state" && imported.notes.isEmpty)
  }
}

import FewShot
import FewShotHost
import Glibc
import HostRuntime
import ImageFiles
import TinyNN

extension Failure {
  /// Any error of the libraries, `path` being the file of `model`.
  init(_ error: any Error, in path: String, of model: Model? = nil) {
    switch error {
    case let failure as Failure: self = failure
    case let error as any FailureConvertible: self = error.failure
    case let error as ModelError: self.init(error, in: path)
    case let error as PhotoEncoderError: self.init(error, photo: nil, encoder: path)
    case let error as PhotoError: self.init(error, encoder: path)
    case let error as HeadError: self.init(.badData, "\(path): \(error)")
    case let error as TrainingError: self.init(error, in: model, path: path)
    case let error as LearningRefusal: self.init(error, encoder: path)
    case is ClassifierError: self.init(noClassesIn: path)
    default: self.init(.internalError, "\(path): \(error)")
    }
  }

  init(_ error: PhotoError, encoder: String) {
    switch error {
    case .entry(let fault, let photo):
      self.init(fault == .brokenLink ? .missingInput : .badData, "\(photo): \(fault)", concernsPhoto: true)
    case .unreadable(let error): self = error.failure
    case .file(let error): self = error.failure
    case .encoder(let error, let photo): self.init(error, photo: photo, encoder: encoder)
    }
  }

  init(noClassesIn path: String) {
    self.init(.badData, "\(path): an encoder that knows no classes yet; teach it some: edgessl adapt DIR --model \(path)")
  }

  private init(_ refusal: LearningRefusal, encoder path: String) {
    let material = refusal.material
    if refusal.trains {
      self.init(
        .overBudget,
        """
        \(path): training needs at least \(grouped(refusal.smallest)) bytes (biases of one layer, one view of each \
        photo at a time); 
        """
          + "--memory allows \(grouped(refusal.budget))")
    } else {
      self.init(
        .overBudget,
        "\(path): learning from \(material.photos) photos"
          + (material.unlabelled > 0 ? " and \(material.unlabelled) without labels" : "")
          + " needs \(grouped(refusal.smallest)) bytes, \(grouped(refusal.encoder)) of them for the encoder; "
          + "--memory allows \(grouped(refusal.budget))")
    }
  }
}

extension TaskEditError: FailureConvertible {
  var failure: Failure { Failure(.badData, description) }
}

extension LearningError: FailureConvertible {
  var failure: Failure {
    switch self {
    case .noPhotos(let name):
      Failure(.badData, "class '\(name)' has no photo that can be read; add some or remove its folder")
    case .noUnlabelledPhotos(let files):
      Failure(.badData, "none of the \(files) files without labels is a photo that can be read")
    case .checkpoint(let path, let error):
      Failure(.badData, "\(path): \(error.reason); give the same again, or leave --resume out to begin anew")
    }
  }
}

extension AdaptationCheckpointError {
  fileprivate var reason: String {
    switch self {
    case .damaged: "is damaged or not a checkpoint of this version"
    case .otherModel: "is of a training of another encoder"
    case .otherPhotos: "is of a training with other photos"
    case .otherOptions: "is of a training with other options, seed or budget"
    }
  }
}

extension Failure {
  init(_ error: TrainingError, in model: Model?, path: String) {
    let node = model.flatMap { model in
      error.operatorIndex < 0 || error.operatorIndex >= model.operatorCount
        ? nil : ", node '\(model.name(at: model.operatorRecord(error.operatorIndex).nameOffset).string)'"
    }
    let reason =
      switch error.reason {
      case .notDifferentiable: "has an operator between its last layers and the embedding that has no gradient"
      case .nothingTrains: "has no layer with weights at its end that could be trained"
      case .batchAxis: "has no batch axis of 1 in its last layers"
      case .cutCrossedTwice: "cannot be cut there: two tensors cross"
      default: "cannot be trained (\(error.reason))"
      }
    self.init(.badData, "\(path)\(node ?? ""): \(reason); use --method prototype")
  }
}

extension Failure {
  init(_ error: PhotoEncoderError, photo: String?, encoder: String) {
    switch error {
    case .model(let error): self.init(error, in: encoder)
    case .noPreprocessing:
      self.init(
        .badData,
        "\(encoder): it does not say how photos become its input, which must be RGB; import it again with --mean and --std")
    case .unsuitableInput(let reason): self.init(.badData, "\(encoder): \(reason)")
    case .batch(let count):
      self.init(.badData, "\(encoder): it takes \(count) photos at a time; export it with a batch of 1")
    case .preprocessing(.scratchTooSmall(let required, _)):
      self.init(
        .badData, "\(photo ?? encoder): no memory for the \(grouped(required)) bytes that scaling it takes; make it smaller",
        concernsPhoto: photo != nil)
    case .preprocessing(let error):
      self.init(.badData, "\(photo ?? encoder): \(error)", concernsPhoto: photo != nil)
    case .notFinite:
      self.init(
        .badData,
        "\(encoder): its embedding of \(photo ?? "a photo") has NaN or infinite values, so its weights are damaged; import it again"
      )
    }
  }
}

extension ImageFileError: FailureConvertible {
  var failure: Failure {
    switch reason {
    case .cannotOpen where EntryFault(of: path) == .nameNotUTF8:
      Failure(.missingInput, "\(path): \(EntryFault.nameNotUTF8)", concernsPhoto: true)
    case .cannotOpen: Failure(.missingInput, description, concernsPhoto: true)
    case .cannotRead(EISDIR): Failure(.missingInput, description, concernsPhoto: true)
    case .cannotRead: Failure(.inputOutput, description, concernsPhoto: true)
    default: Failure(.badData, description, concernsPhoto: true)
    }
  }
}

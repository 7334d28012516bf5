/// Every objective.
///
/// A new one is one case here, one arm of `accept`, and its own file.
public enum ObjectiveKind: UInt8, Sendable {
  case prototype = 1
  case rotation
  case supcon
  case simclr
  case npid
  case negativeMargin
  case exemplar
  case vicreg
  case piModel
  case temporalEnsembling
  case meanTeacher
  case pseudoLabel
  case entropy
  case byol
  case moco
  case jigsaw
  case patchLocation
  case interpolation
  case distillation
  case vat
  case swav

  /// Calls the visitor with the objective's type; the only switch over objectives, specialised for each visitor.
  @inline(__always)
  public func accept<Visitor: ObjectiveVisitor>(_ visitor: inout Visitor) -> Visitor.Result {
    switch self {
    case .prototype: visitor.visit(Prototype.self)
    case .rotation: visitor.visit(Rotation.self)
    case .supcon: visitor.visit(SupCon.self)
    case .simclr: visitor.visit(SimCLR.self)
    case .npid: visitor.visit(NPID.self)
    case .negativeMargin: visitor.visit(NegativeMargin.self)
    case .exemplar: visitor.visit(Exemplar.self)
    case .vicreg: visitor.visit(VICReg.self)
    case .piModel: visitor.visit(PiModel.self)
    case .temporalEnsembling: visitor.visit(TemporalEnsembling.self)
    case .meanTeacher: visitor.visit(MeanTeacher.self)
    case .pseudoLabel: visitor.visit(PseudoLabel.self)
    case .entropy: visitor.visit(EntropyMinimisation.self)
    case .byol: visitor.visit(BYOL.self)
    case .moco: visitor.visit(MoCo.self)
    case .jigsaw: visitor.visit(Jigsaw.self)
    case .patchLocation: visitor.visit(PatchLocation.self)
    case .interpolation: visitor.visit(InterpolationConsistency.self)
    case .distillation: visitor.visit(Distillation.self)
    case .vat: visitor.visit(VAT.self)
    case .swav: visitor.visit(SwAV.self)
    }
  }
}

/// Something done with an objective whose type is only known when it runs, without an existential.
public protocol ObjectiveVisitor {
  associatedtype Result
  mutating func visit<O: Objective>(_ type: O.Type) -> Result
}

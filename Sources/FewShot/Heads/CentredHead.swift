/// Prototypes of the embeddings centred by the encoder's base mean (CL2N of SimpleShot, Wang et al., 2019).
package enum CentredHead: LinearHead {
  package static var traits: HeadTraits {
    HeadTraits(
      method: .centred, features: .centred, plainFeatures: nil, presetScale: Calibrator.presetScale,
      oneShotScale: Calibrator.presetScale, leavingOut: .learning)
  }
}

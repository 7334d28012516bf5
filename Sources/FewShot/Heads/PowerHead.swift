/// Prototypes of the square roots of embeddings without negative values (Hu et al., "Leveraging the feature distribution", 2020).
package enum PowerHead: LinearHead {
  package static var traits: HeadTraits {
    HeadTraits(
      method: .power, features: .power, plainFeatures: .power, presetScale: Calibrator.presetScale,
      oneShotScale: Calibrator.presetScale, leavingOut: .learning, needsNonNegativeEmbeddings: true)
  }
}

import Quantize

extension QuantizationText {
  /// A page of its own, without scripts and without anything from elsewhere; light and dark.
  var html: String {
    let worst = quantized.report.worstFirst
    let rows = worst.map { layer in
      row([
        (layer.name, false), (layer.operation, false), (layer.outputShape.description, false), ("\(layer.parameters)", true),
        (text(layer.signalToNoise), true), (decimal(layer.cosine, digits: 5), true), (text(layer.cumulativeSignalToNoise), true),
        (layer.weightSignalToNoise.map(text) ?? "", true),
        ("\(decimal(Double(layer.range.lowerBound), digits: 3)) to \(decimal(Double(layer.range.upperBound), digits: 3))", true),
        (layer.rangeMethod.rawValue, false), (decimal(100 * layer.saturation, digits: 3) + " %", true), (layer.advice, false),
      ])
    }
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>int8: \(escapedHTML(output))</title>
      <style>
      :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
      body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
      pre { white-space: pre-wrap; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; }
      th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, \
      transparent); }
      td.number { text-align: right; font-variant-numeric: tabular-nums; }
      </style></head><body>
      <h1>int8 model \(escapedHTML(output))</h1>
      <pre>\(escapedHTML(lines.joined(separator: "\n")))</pre>
      <p>Layers, the one that loses most on its own first. Alone: the layer runs in int8 on float32 inputs. So far: in the int8
      network, with the errors of all layers before it. Decibels are ten times the logarithm of signal to noise: 20 dB is an
      error of a tenth of the signal.</p>
      <div class="wide"><table><thead><tr><th>layer</th><th>operator</th><th>output</th><th>parameters</th><th>dB \
      alone</th><th>cosine alone</th>
      <th>dB so far</th><th>dB of weights</th><th>range</th><th>found by</th><th>saturated</th><th>what to do</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      </body></html>

      """
  }

  private func row(_ cells: [(text: String, isNumber: Bool)]) -> String {
    "<tr>" + cells.map { "<td\($0.isNumber ? " class=\"number\"" : "")>\(escapedHTML($0.text))</td>" }.joined() + "</tr>"
  }
}

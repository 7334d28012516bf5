import HostRuntime

/// What `--json` prints.
typealias JSON = HostRuntime.JSON

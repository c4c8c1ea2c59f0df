package coverage

// EvaluateWindow is Evaluate over any window.
var EvaluateWindow = evaluate

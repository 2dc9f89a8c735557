/// Cuts a failing list of steps down to few: removes ever smaller pieces as long as what is left still fails.
///
/// - Parameters:
///   - trialsMaximum: runs at most, so that a slow failure does not take for ever.
///   - fails: whether a run of these steps fails.
/// - Returns: a list that fails, from which no single step can be removed, unless the trials ran out.
func shrink<Step>(_ steps: [Step], trialsMaximum: Int, fails: ([Step]) -> Bool) -> [Step] {
    var steps = steps
    var trials = 0
    var size = max(1, steps.count / 2)
    while true {
        var hasRemoved = false
        var start = 0
        while start < steps.count, trials < trialsMaximum {
            var rest = steps
            rest.removeSubrange(start..<min(steps.count, start + size))
            trials += 1
            if fails(rest) {
                steps = rest
                hasRemoved = true
            } else {
                start += size
            }
        }
        if trials >= trialsMaximum || (size == 1 && !hasRemoved) { return steps }
        if !hasRemoved || size > 1 { size = max(1, size / 2) }
    }
}

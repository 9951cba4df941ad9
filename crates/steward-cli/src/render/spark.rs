//! Small pictures made of text.

/// A line of blocks, one per value; nothing measured is a gap, and no step of the height is a lie: 0 is the
/// lowest block only when it is 0.
pub(crate) fn sparkline(values: &[f64], width: usize) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    // More values than columns: neighbours are added up, so that the area stays true.
    let chunk = values.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<f64> = values.chunks(chunk).map(|part| part.iter().sum()).collect();
    let highest = sums.iter().copied().fold(0.0, f64::max);
    sums.iter()
        .map(|sum| {
            if highest <= 0.0 {
                return BLOCKS[0];
            }
            BLOCKS[((sum / highest * 7.0).round() as usize).min(7)]
        })
        .collect()
}

/// A bar of eighths, as long as its share of the longest.
pub(crate) fn bar(value: f64, longest: f64, width: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    if longest <= 0.0 || value <= 0.0 {
        return String::new();
    }
    let eighths = ((value / longest).min(1.0) * width as f64 * 8.0).round().max(1.0) as usize;
    let mut text = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        text.push(EIGHTHS[eighths % 8]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_proportions() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0], 10), "▁▅█");
        assert_eq!(sparkline(&[1.0; 90], 30).chars().count(), 30);
        assert_eq!(sparkline(&[], 10), "");
        assert_eq!(bar(1.0, 2.0, 4), "██");
        assert_eq!(bar(1.0, 1_000.0, 4), "▏", "something is never drawn as nothing");
        assert_eq!(bar(0.0, 2.0, 4), "");
    }
}

//! Checks of JSON text before parsing.

/// Returns whether arrays and objects are nested more than `limit` levels deep.
pub fn is_deeper(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_ignores_brackets_in_strings() {
        assert!(!is_deeper(br#"{"a":[{"b":1}],"c":[]}"#, 3));
        assert!(is_deeper(br#"{"a":[{"b":1}],"c":[]}"#, 2));
        assert!(!is_deeper(br#"{"a":"[[[[\"[[["}"#, 1));
        assert!(is_deeper("[".repeat(1_000_000).as_bytes(), 64));
    }
}

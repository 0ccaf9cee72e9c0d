//! Fuzzy search: finds texts by the beginnings of their words.

/// Returns the distance between a text and a query: 0 for the best match, or `None` if the text does not match.
///
/// Each word of the query must match. Its letters must appear in the text in order, each one directly after the
/// previous letter or at the beginning of another word, so `adtok` matches `admin tokens`.
pub fn distance(text: &str, query: &str) -> Option<usize> {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    query.split_whitespace().map(|word| word_distance(&text, word)).sum()
}

/// Returns the distance between a text and one word of a query: the number of letters that do not directly follow the
/// previous letter in the text, plus one if the first letter is inside a word of the text.
fn word_distance(text: &[char], word: &str) -> Option<usize> {
    let is_start =
        |at: usize| at.checked_sub(1).and_then(|at| text.get(at)).is_none_or(|before| !before.is_alphanumeric());
    let mut letters = word.chars().flat_map(char::to_lowercase);
    let first = letters.next()?;
    // For each position in the text: the lowest distance of a match that ends at this position, or `None`. A match
    // contains the letters of `word` that have been read so far.
    let mut ends: Vec<Option<usize>> =
        text.iter().enumerate().map(|(at, letter)| (*letter == first).then(|| usize::from(!is_start(at)))).collect();
    for wanted in letters {
        let mut adjacent = None;
        let mut jump: Option<usize> = None;
        for (at, letter) in text.iter().enumerate() {
            let Some(end) = ends.get_mut(at) else { continue };
            let reached = [adjacent, jump.filter(|_| is_start(at))].into_iter().flatten().min();
            let previous = std::mem::replace(end, reached.filter(|_| *letter == wanted));
            adjacent = previous;
            jump = [jump, previous.map(|distance| distance + 1)].into_iter().flatten().min();
        }
    }
    ends.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn letters_match_next_to_each_other_or_at_the_beginning_of_words() {
        for (query, text, expected) in [
            ("admin tok", "go to the admin tokens", Some(0)),
            ("tok admin", "go to the admin tokens", Some(0)),
            ("adtok", "go to the admin tokens", Some(1)),
            ("gtat", "go to the admin tokens", Some(3)),
            ("oken", "go to the admin tokens", Some(1)),
            ("ADMIN", "admin", Some(0)),
            ("größe", "Größe & Söhne", Some(0)),
            ("amn", "go to the admin tokens", None),
            ("acme", "open the tenant's audit log", None),
            ("", "anything", Some(0)),
        ] {
            assert_eq!(distance(text, query), expected, "{query} in {text}");
        }
    }
}

//! Asks the terminal for its background colour (xterm's OSC 11), to choose a light or a dark theme.

use std::{io, time::Duration};

use crossterm::event::{Event, KeyCode, KeyModifiers};

/// Time to wait for the response before the first frame. Terminals respond within milliseconds, even over most
/// networks.
pub(super) const DEADLINE: Duration = Duration::from_millis(250);
/// Maximum number of characters that follow `ESC ]` in a response.
const MAX_CHARS: usize = 40;
/// Text that follows `ESC ]` at the beginning of every response.
const PREFIX: &str = "11;rgb";

/// Sends the query. Terminals that do not support this query ignore it.
pub(super) fn ask(terminal: &mut impl io::Write) -> io::Result<()> {
    terminal.write_all(b"\x1b]11;?\x1b\\")?;
    terminal.flush()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Background {
    Light,
    Dark,
}

/// Recognises the response among the events. crossterm reports the response as key presses, which must not reach the
/// app, not even after the deadline, because letters are commands.
#[derive(Debug, Default)]
pub(super) enum Response {
    /// The query was not sent, or the complete response has arrived.
    #[default]
    NotExpected,
    Expected,
    /// The characters of the response that have arrived so far.
    Incomplete(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// The event is not part of the response.
    Event(Event),
    Part,
    /// The response is complete. Its colour is unknown if it could not be parsed.
    Complete(Option<Background>),
}

impl Response {
    pub(super) const fn is_expected(&self) -> bool {
        !matches!(self, Self::NotExpected)
    }

    pub(super) fn receive(&mut self, event: Event) -> Received {
        let Some(key) = event.as_key_press_event() else { return Received::Event(event) };
        let symbol = match key.code {
            KeyCode::Char(symbol) => symbol,
            _ => return self.interrupted(event),
        };
        match (&mut *self, key.modifiers, symbol) {
            (Self::NotExpected, ..) => Received::Event(event),
            (Self::Expected, KeyModifiers::ALT, ']') => {
                *self = Self::Incomplete(String::new());
                Received::Part
            }
            (Self::Expected, ..) => Received::Event(event),
            // BEL or ST ends the response.
            (Self::Incomplete(text), KeyModifiers::CONTROL, 'g')
            | (Self::Incomplete(text), KeyModifiers::ALT, '\\') => {
                let background = parse(text);
                *self = Self::NotExpected;
                Received::Complete(background)
            }
            (Self::Incomplete(text), KeyModifiers::NONE | KeyModifiers::SHIFT, symbol) if continues(text, symbol) => {
                text.push(symbol);
                Received::Part
            }
            (Self::Incomplete(_), ..) => self.interrupted(event),
        }
    }

    fn interrupted(&mut self, event: Event) -> Received {
        if matches!(self, Self::Incomplete(_)) {
            *self = Self::NotExpected;
        }
        Received::Event(event)
    }
}

/// Returns whether a character can be the next character of a response. A response begins with the same event as
/// Alt+]. If the user pressed Alt+], the letters that follow are commands, which must reach the app.
fn continues(text: &str, symbol: char) -> bool {
    let expected = PREFIX.get(text.len()..).and_then(|rest| rest.chars().next());
    text.len() < MAX_CHARS && expected.is_none_or(|expected| expected == symbol)
}

/// Parses `11;rgb:RRRR/GGGG/BBBB`, whose components have one to four hexadecimal digits.
fn parse(text: &str) -> Option<Background> {
    let (_, components) = text.strip_prefix(PREFIX)?.split_once(':')?;
    let component = |digits: &str| {
        let value = u32::from_str_radix(digits, 16).ok()?;
        let max = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1).filter(|max| *max > 0)?;
        Some(f64::from(value) / f64::from(max))
    };
    let mut components = components.split('/').map(component);
    let (red, green, blue) = (components.next()??, components.next()??, components.next()??);
    // Perceived brightness (ITU-R BT.709).
    let brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    Some(if brightness > 0.5 { Background::Light } else { Background::Dark })
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;

    fn key(symbol: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(symbol), modifiers))
    }

    /// Passes the events that crossterm generates for a response to `receive`, and returns the last result.
    fn respond(response: &mut Response, text: &str, end: Event) -> Received {
        assert_eq!(response.receive(key(']', KeyModifiers::ALT)), Received::Part);
        for symbol in text.chars() {
            assert_eq!(response.receive(key(symbol, KeyModifiers::NONE)), Received::Part, "{symbol}");
        }
        response.receive(end)
    }

    #[test]
    fn response_reports_the_background_and_reaches_no_command() {
        let (bel, st) = (key('g', KeyModifiers::CONTROL), key('\\', KeyModifiers::ALT));
        for (text, end, background) in [
            ("11;rgb:ffff/ffff/ffff", bel.clone(), Some(Background::Light)),
            ("11;rgb:1e1e/1e1e/2e2e", st.clone(), Some(Background::Dark)),
            ("11;rgba:fd/f6/e3/ff", bel.clone(), Some(Background::Light)),
            ("11;rgb:0/0/0", st, Some(Background::Dark)),
            ("11;rgb:white", bel, None),
        ] {
            let mut response = Response::Expected;
            assert_eq!(respond(&mut response, text, end), Received::Complete(background), "{text}");
            assert!(!response.is_expected());
        }
    }

    #[test]
    fn keys_of_the_user_pass_before_and_after_the_response() {
        let mut response = Response::Expected;
        let (enter, d) = (Event::Key(KeyEvent::from(KeyCode::Enter)), key('d', KeyModifiers::NONE));
        assert_eq!(response.receive(d.clone()), Received::Event(d.clone()));
        respond(&mut response, "11;rgb:0/0/0", key('g', KeyModifiers::CONTROL));
        assert_eq!(response.receive(d.clone()), Received::Event(d));
        assert_eq!(response.receive(key(']', KeyModifiers::ALT)), Received::Event(key(']', KeyModifiers::ALT)));
        // Letters typed after Alt+], which sends `ESC ]` like the start of a response, must still reach the app.
        let mut response = Response::Expected;
        assert_eq!(response.receive(key(']', KeyModifiers::ALT)), Received::Part);
        let j = key('j', KeyModifiers::NONE);
        assert_eq!(response.receive(j.clone()), Received::Event(j));
        assert!(!response.is_expected());
        // A key that cannot be part of a response ends an incomplete response. For example, the user may have pressed
        // Alt+], with which every response begins.
        let mut response = Response::Expected;
        assert_eq!(response.receive(key(']', KeyModifiers::ALT)), Received::Part);
        assert_eq!(response.receive(enter.clone()), Received::Event(enter));
        assert!(!response.is_expected());
    }
}

//! Colours, and their replacements on terminals without colour.

use ratatui::style::{Color, Modifier, Style};

/// The meaning of a text, which determines its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    Strong,
    Dim,
    Good,
    /// A refusal, an error or a destructive action.
    Bad,
    /// Something that needs attention.
    Warn,
    /// A key, a link or the focused element.
    Accent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// 256 colours on a dark background.
    Dark,
    /// 256 colours on a light background.
    Light,
    /// The terminal's own 16 colours, on any background.
    Sixteen,
    /// No colour: only bold, dim and reversed text.
    Plain,
}

impl Theme {
    /// Chooses a theme from environment variables: `NO_COLOR` (<https://no-color.org>), `DOORWARD_ADMIN_THEME` (`dark`,
    /// `light`, `16`, `none`), `COLORTERM` and `TERM` for the number of colours, `COLORFGBG` for the background.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let non_empty = |name: &str| variable(name).filter(|value| !value.is_empty());
        if non_empty("NO_COLOR").is_some() {
            return Self::Plain;
        }
        match non_empty("DOORWARD_ADMIN_THEME").as_deref() {
            Some("dark") => return Self::Dark,
            Some("light") => return Self::Light,
            Some("16") => return Self::Sixteen,
            Some("none") => return Self::Plain,
            _ => {}
        }
        let term = non_empty("TERM").unwrap_or_default();
        if term == "dumb" {
            return Self::Plain;
        }
        if non_empty("COLORTERM").is_none() && !term.contains("256") {
            return Self::Sixteen;
        }
        let background = non_empty("COLORFGBG").and_then(|value| value.rsplit(';').next().map(str::to_owned));
        match background.as_deref() {
            Some("7" | "15") => Self::Light,
            _ => Self::Dark,
        }
    }

    /// Returns the theme that follows this one when the user cycles through them.
    pub const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Sixteen,
            Self::Sixteen => Self::Plain,
            Self::Plain => Self::Dark,
        }
    }

    const fn color(self, dark: u8, light: u8, sixteen: Color) -> Color {
        match self {
            Self::Dark => Color::Indexed(dark),
            Self::Light => Color::Indexed(light),
            Self::Sixteen => sixteen,
            Self::Plain => Color::Reset,
        }
    }

    pub const fn style(self, tone: Tone) -> Style {
        // Sets even the terminal's default colour, because titles are drawn over borders of another colour.
        let style = Style::new().fg(Color::Reset);
        match (tone, self) {
            (Tone::Plain, _) => style,
            (Tone::Strong, _) | (Tone::Bad | Tone::Warn | Tone::Accent, Self::Plain) => {
                style.add_modifier(Modifier::BOLD)
            }
            (Tone::Dim, Self::Plain) => style.add_modifier(Modifier::DIM),
            (Tone::Dim, _) => style.fg(self.color(245, 243, Color::DarkGray)),
            (Tone::Good, _) => style.fg(self.color(114, 28, Color::Green)),
            (Tone::Bad, _) => style.fg(self.color(203, 160, Color::Red)),
            (Tone::Warn, _) => style.fg(self.color(221, 130, Color::Yellow)),
            (Tone::Accent, _) => style.fg(self.color(75, 25, Color::Blue)),
        }
    }

    pub const fn selected(self, focused: bool) -> Style {
        match (self, focused) {
            (Self::Dark, true) => Style::new().bg(Color::Indexed(236)).add_modifier(Modifier::BOLD),
            (Self::Dark, false) => Style::new().bg(Color::Indexed(234)),
            (Self::Light, true) => Style::new().bg(Color::Indexed(252)).add_modifier(Modifier::BOLD),
            (Self::Light, false) => Style::new().bg(Color::Indexed(255)),
            // The whole row has one colour, because reversed cells of several colours would look like patches.
            (_, true) => Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM),
            (_, false) => Style::new(),
        }
    }

    /// Returns the style of the active section, tab or choice.
    pub const fn active(self) -> Style {
        match self {
            Self::Dark => Style::new().fg(Color::Indexed(232)).bg(Color::Indexed(75)).add_modifier(Modifier::BOLD),
            Self::Light => Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(25)).add_modifier(Modifier::BOLD),
            Self::Sixteen | Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    pub const fn chip(self) -> Style {
        match self {
            Self::Dark => Style::new().bg(Color::Indexed(237)),
            Self::Light => Style::new().bg(Color::Indexed(253)),
            Self::Sixteen | Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    pub const fn border(self, focused: bool) -> Style {
        if focused { self.style(Tone::Accent) } else { self.faint() }
    }

    /// Returns the style of lines and of the screen behind an overlay.
    pub const fn faint(self) -> Style {
        match self {
            Self::Plain => Style::new().add_modifier(Modifier::DIM),
            _ => Style::new().fg(self.color(239, 250, Color::DarkGray)),
        }
    }

    pub const fn has_colors(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn environment_variables_select_the_theme() {
        let detect = |pairs: &'static [(&'static str, &'static str)]| {
            Theme::detect(|name| pairs.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(detect(&[("TERM", "xterm-256color")]), Theme::Dark);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORFGBG", "0;15")]), Theme::Light);
        assert_eq!(detect(&[("TERM", "linux")]), Theme::Sixteen);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Theme::Plain);
        assert_eq!(detect(&[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), Theme::Dark);
        assert_eq!(detect(&[("TERM", "screen"), ("DOORWARD_ADMIN_THEME", "light")]), Theme::Light);
    }
}

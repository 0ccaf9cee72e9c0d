//! Colours, and how terminals without them are served.

use ratatui::style::{Color, Modifier, Style};

use crate::model::Tone;

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// 256 colours on dark ground.
    Dark,
    /// 256 colours on light ground.
    Light,
    /// The terminal's own 16 colours, on whatever ground it has.
    Sixteen,
    /// None: bold, dim and reversed say it all.
    Plain,
}

impl Theme {
    /// What the environment asks for: `NO_COLOR` (<https://no-color.org>), `DOORWARD_ADMIN_THEME` (`dark`, `light`, `16`,
    /// `none`), `COLORTERM` and `TERM` for how many colours there are, `COLORFGBG` for the ground.
    #[must_use]
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        if given("NO_COLOR").is_some() {
            return Self::Plain;
        }
        match given("DOORWARD_ADMIN_THEME").as_deref() {
            Some("dark") => return Self::Dark,
            Some("light") => return Self::Light,
            Some("16") => return Self::Sixteen,
            Some("none") => return Self::Plain,
            _ => {}
        }
        let term = given("TERM").unwrap_or_default();
        if term == "dumb" {
            return Self::Plain;
        }
        if given("COLORTERM").is_none() && !term.contains("256") {
            return Self::Sixteen;
        }
        let ground = given("COLORFGBG").and_then(|value| value.rsplit(';').next().map(str::to_owned));
        match ground.as_deref() {
            Some("7" | "15") => Self::Light,
            _ => Self::Dark,
        }
    }

    /// The next one, for those who want to choose by eye.
    #[must_use]
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

    /// How a tone looks.
    #[must_use]
    pub const fn style(self, tone: Tone) -> Style {
        // Named even where it is the terminal's own: a title stands on a border of another colour.
        let style = Style::new().fg(Color::Reset);
        match (tone, self) {
            (Tone::Plain, _) => style,
            (Tone::Strong, _) => style.add_modifier(Modifier::BOLD),
            (Tone::Dim, Self::Plain) => style.add_modifier(Modifier::DIM),
            (Tone::Dim, _) => style.fg(self.color(245, 243, Color::DarkGray)),
            (Tone::Good, _) => style.fg(self.color(114, 28, Color::Green)),
            (Tone::Bad, Self::Plain) => style.add_modifier(Modifier::BOLD),
            (Tone::Bad, _) => style.fg(self.color(203, 160, Color::Red)),
            (Tone::Warn, Self::Plain) => style.add_modifier(Modifier::BOLD),
            (Tone::Warn, _) => style.fg(self.color(221, 130, Color::Yellow)),
            (Tone::Accent, Self::Plain) => style.add_modifier(Modifier::BOLD),
            (Tone::Accent, _) => style.fg(self.color(75, 25, Color::Blue)),
        }
    }

    /// The ground of the selected row.
    #[must_use]
    pub const fn selected(self, focused: bool) -> Style {
        match (self, focused) {
            (Self::Dark, true) => Style::new().bg(Color::Indexed(236)).add_modifier(Modifier::BOLD),
            (Self::Dark, false) => Style::new().bg(Color::Indexed(234)),
            (Self::Light, true) => Style::new().bg(Color::Indexed(252)).add_modifier(Modifier::BOLD),
            (Self::Light, false) => Style::new().bg(Color::Indexed(255)),
            // Reversed as one piece: cells of several colours would make a patchwork of it.
            (_, true) => Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM),
            (_, false) => Style::new(),
        }
    }

    /// The name of the section or tab in front.
    #[must_use]
    pub const fn front(self) -> Style {
        match self {
            Self::Dark => Style::new().fg(Color::Indexed(232)).bg(Color::Indexed(75)).add_modifier(Modifier::BOLD),
            Self::Light => Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(25)).add_modifier(Modifier::BOLD),
            Self::Sixteen | Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// A filter's chip.
    #[must_use]
    pub const fn chip(self) -> Style {
        match self {
            Self::Dark => Style::new().bg(Color::Indexed(237)),
            Self::Light => Style::new().bg(Color::Indexed(253)),
            Self::Sixteen | Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// Lines and borders.
    #[must_use]
    pub const fn line(self, focused: bool) -> Style {
        if focused { self.style(Tone::Accent) } else { self.faint() }
    }

    /// What is hardly there.
    #[must_use]
    pub const fn faint(self) -> Style {
        match self {
            Self::Plain => Style::new().add_modifier(Modifier::DIM),
            _ => Style::new().fg(self.color(239, 250, Color::DarkGray)),
        }
    }

    /// Whether there are colours to tell things apart.
    #[must_use]
    pub const fn has_colors(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn the_environment_decides() {
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

//! Colours, and their replacements on terminals without colour.

use ratatui::style::{Color, Modifier, Style};

use crate::appearance::{ProfileColor, ThemeName};

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
    /// Chooses a theme. The first of these that is set decides: the environment variable `NO_COLOR`
    /// (<https://no-color.org>), the variable `DOORWARD_ADMIN_THEME`, the config file, and the theme that the user
    /// chose in the app. Otherwise `COLORTERM` and `TERM` give the number of colours, and `COLORFGBG` gives the
    /// background. Returns `None` if the terminal must be asked for its background.
    pub fn detect(
        variable: impl Fn(&str) -> Option<String>,
        configured: Option<ThemeName>,
        kept: Option<ThemeName>,
    ) -> Option<Self> {
        let non_empty = |name: &str| variable(name).filter(|value| !value.is_empty());
        if non_empty("NO_COLOR").is_some() {
            return Some(Self::Plain);
        }
        let named = non_empty("DOORWARD_ADMIN_THEME").and_then(|name| ThemeName::parse(&name));
        match named.or(configured).or(kept) {
            Some(ThemeName::Dark) => return Some(Self::Dark),
            Some(ThemeName::Light) => return Some(Self::Light),
            Some(ThemeName::Sixteen) => return Some(Self::Sixteen),
            Some(ThemeName::None) => return Some(Self::Plain),
            Some(ThemeName::Auto) | None => {}
        }
        let term = non_empty("TERM").unwrap_or_default();
        if term == "dumb" {
            return Some(Self::Plain);
        }
        if non_empty("COLORTERM").is_none() && !term.contains("256") {
            return Some(Self::Sixteen);
        }
        let background = non_empty("COLORFGBG").and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
        background.map(|color| if matches!(color, 7 | 15) { Self::Light } else { Self::Dark })
    }

    pub const fn name(self) -> ThemeName {
        match self {
            Self::Dark => ThemeName::Dark,
            Self::Light => ThemeName::Light,
            Self::Sixteen => ThemeName::Sixteen,
            Self::Plain => ThemeName::None,
        }
    }

    /// Returns the theme that follows this one when the user cycles through the themes.
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
            (Tone::Dim, _) => style.fg(self.color(245, 241, Color::DarkGray)),
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

    /// Returns the style of the name of a profile.
    pub const fn profile(self, color: Option<ProfileColor>) -> Style {
        let Some(color) = color else { return self.chip() };
        let (dark, light, sixteen) = match color {
            ProfileColor::Red => (203, 160, Color::Red),
            ProfileColor::Yellow => (221, 94, Color::Yellow),
            ProfileColor::Green => (114, 28, Color::Green),
            ProfileColor::Blue => (75, 25, Color::Blue),
            ProfileColor::Magenta => (176, 90, Color::Magenta),
            ProfileColor::Cyan => (80, 24, Color::Cyan),
        };
        match self {
            Self::Dark => Style::new().fg(Color::Indexed(232)).bg(Color::Indexed(dark)),
            Self::Light => Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(light)),
            Self::Sixteen => Style::new().fg(sixteen).add_modifier(Modifier::REVERSED),
            Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// Returns the style of the mark that identifies a production server.
    pub const fn production(self) -> Style {
        self.profile(Some(ProfileColor::Red)).add_modifier(Modifier::BOLD)
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
    use ratatui::style::{Color, Style};

    use super::{ProfileColor, Theme, ThemeName, Tone};

    fn detect(pairs: &[(&str, &str)], configured: Option<ThemeName>, kept: Option<ThemeName>) -> Option<Theme> {
        let variable = |name: &str| pairs.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
        Theme::detect(variable, configured, kept)
    }

    #[test]
    fn environment_variables_select_the_theme() {
        let theme = |pairs: &[(&str, &str)]| detect(pairs, None, None);
        assert_eq!(theme(&[("TERM", "xterm-256color"), ("COLORFGBG", "15;0")]), Some(Theme::Dark));
        assert_eq!(theme(&[("TERM", "xterm-256color"), ("COLORFGBG", "0;15")]), Some(Theme::Light));
        assert_eq!(theme(&[("TERM", "linux")]), Some(Theme::Sixteen));
        assert_eq!(theme(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Some(Theme::Plain));
        assert_eq!(theme(&[("TERM", "screen"), ("DOORWARD_ADMIN_THEME", "light")]), Some(Theme::Light));
        assert_eq!(theme(&[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), None);
        // The background is unknown, so the terminal must be asked.
        assert_eq!(theme(&[("TERM", "xterm-256color")]), None);
        assert_eq!(theme(&[("TERM", "xterm-256color"), ("COLORFGBG", "0;default")]), None);
    }

    #[test]
    fn settings_and_the_kept_choice_select_the_theme() {
        let term = ("TERM", "xterm-256color");
        let (dark, light) = (Some(ThemeName::Dark), Some(ThemeName::Light));
        assert_eq!(detect(&[term], None, light), Some(Theme::Light));
        assert_eq!(detect(&[term], dark, light), Some(Theme::Dark));
        assert_eq!(detect(&[term, ("DOORWARD_ADMIN_THEME", "16")], dark, light), Some(Theme::Sixteen));
        // The setting `auto` ignores the saved choice.
        assert_eq!(detect(&[term, ("DOORWARD_ADMIN_THEME", "auto")], dark, light), None);
    }

    /// Returns the relative luminance of a colour of the 256-colour palette (WCAG 2.2).
    fn luminance(color: Option<Color>, default: u8) -> f64 {
        let index = match color {
            Some(Color::Indexed(index)) => index,
            _ => default,
        };
        let rgb = match index {
            232.. => [8 + (index - 232) * 10; 3],
            16.. => {
                let level = |value: u8| if value == 0 { 0 } else { 55 + value * 40 };
                let cube = index - 16;
                [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
            }
            _ => panic!("colour {index} depends on the terminal"),
        };
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    }

    /// Returns the contrast of a style. The colours 16 and 231 represent the terminal's black and white.
    fn contrast(theme: Theme, style: Style) -> f64 {
        let (ink, paper) = if theme == Theme::Dark { (231, 16) } else { (16, 231) };
        let (text, background) = (luminance(style.fg, ink), luminance(style.bg, paper));
        (text.max(background) + 0.05) / (text.min(background) + 0.05)
    }

    #[test]
    fn text_of_both_themes_has_enough_contrast() {
        let tones = [Tone::Plain, Tone::Strong, Tone::Dim, Tone::Good, Tone::Bad, Tone::Warn, Tone::Accent];
        let colors = [
            ProfileColor::Red,
            ProfileColor::Yellow,
            ProfileColor::Green,
            ProfileColor::Blue,
            ProfileColor::Magenta,
            ProfileColor::Cyan,
        ];
        for theme in [Theme::Dark, Theme::Light] {
            for tone in tones {
                let style = theme.style(tone);
                assert!(contrast(theme, style) >= 4.5, "{theme:?} {tone:?}: {}", contrast(theme, style));
                // A lower contrast is enough here: selected rows are bold, and notifications have short texts.
                for patch in [theme.selected(true), theme.selected(false), theme.chip()] {
                    let contrast = contrast(theme, style.patch(patch));
                    assert!(contrast >= 3.0, "{theme:?} {tone:?} {patch:?}: {contrast}");
                }
            }
            let badges = colors.map(|color| theme.profile(Some(color)));
            for style in badges.into_iter().chain([theme.active(), theme.production()]) {
                assert!(contrast(theme, style) >= 4.5, "{theme:?} {style:?}: {}", contrast(theme, style));
            }
        }
    }
}

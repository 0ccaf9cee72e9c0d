//! What the app does with a terminal besides drawing on it and reading from it.

use crate::secret::Secret;

/// The app's hands on its terminal. Tests put others in their place.
pub trait Hands {
    /// Hands a secret to the terminal's clipboard; whether that went well.
    fn copy(&mut self, secret: &Secret) -> bool;

    /// Has the terminal keep to itself what is drawn from now on, until the frame is complete.
    fn begin_frame(&mut self);

    /// Has the terminal show the frame.
    fn end_frame(&mut self);

    /// Gives the terminal back and stops this process, as a shell's job, until it is told to go on.
    fn suspend(&mut self);

    /// Takes the terminal again, as somebody else may have left it.
    fn retake(&mut self);
}

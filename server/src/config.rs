//! Settings: flag over variable over file.

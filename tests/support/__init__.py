"""What tests share: builders of meetings and calendars, councils in a folder, servers, terminals."""

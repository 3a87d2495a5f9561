-- The links in mails that wait when an account is deactivated do not work after it is activated again, whichever program
-- changes the row: neither those that set a password, nor that of a new address.
CREATE FUNCTION end_links_of_deactivated_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM account_tokens WHERE user_id = NEW.id AND purpose = 'reset-password';
  UPDATE users SET pending_email = NULL WHERE id = NEW.id AND pending_email IS NOT NULL;
  RETURN NULL;
END
$$;

CREATE TRIGGER users_deactivated_links AFTER UPDATE OF active ON users
  FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION end_links_of_deactivated_user();

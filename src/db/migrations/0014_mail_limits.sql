-- The mails to one address are limited, whichever accounts cause them.
CREATE INDEX account_tokens_by_email ON account_tokens (email, purpose);

CREATE TABLE shop.payment_seen (provider text, event text, at timestamptz DEFAULT now(), PRIMARY KEY (provider, event));
CREATE TABLE shop.payment (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), provider text, event text, amount numeric NOT NULL CHECK (amount > 0),
    UNIQUE (event, provider)
);
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.provider := lower(NEW.provider); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON shop.payment FOR EACH ROW EXECUTE FUNCTION shop.touch();

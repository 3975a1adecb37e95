import * as z from 'zod';

// Compiled parsers need `new Function`, which the content security policy forbids. Import before any schema.
z.config({ jitless: true });

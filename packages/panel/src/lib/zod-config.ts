import * as z from 'zod';

// Compiled parsers need `new Function`, which the content security policy forbids. To be imported before any schema.
z.config({ jitless: true });
